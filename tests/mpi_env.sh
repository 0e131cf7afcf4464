# Sourced by the test scripts: many ranks on few cores of one machine, as root if need be, without the network.
# yield_when_idle matters most: without it 16 ranks on 2 cores need 76 ms for an 8-byte allreduce, with it 0.1 ms.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe PRTE_MCA_hwloc_default_binding_policy=none # Open MPI 5
export OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader,tcp
export OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo
export PMIX_MCA_gds=hash
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 # Open MPI leaks by itself; ours: gan_mem_live
export UBSAN_OPTIONS=print_stacktrace=1

/* Alarms: what the records of a run say of its collapse. Pure functions of the values that are recorded; for rank 0. */
#ifndef GAN_ALARMS_H
#define GAN_ALARMS_H

#include "gan/config.h"

enum { GAN_ALARM_TEXT = 512 };

/* One of the ways in which a run of adversaries fails. */
typedef enum gan_alarm_kind { GAN_ALARM_D_WINS, GAN_ALARM_GRADIENT, GAN_ALARM_DIVERSITY, GAN_ALARMS } gan_alarm_kind;

typedef struct gan_alarm {
    int value, other;  /* of a record: what is looked at, and what it is compared with; -1: this run has none */
    double threshold;  /* it is bad below this, or below this part of the other */
    double usual;      /* gradient: the median of the first records since the start or restart; 0: not known yet */
    double first[16];  /* those */
    int n_first;
    int64_t since;     /* step of the first of the bad records in a row */
    int64_t bad;       /* how many */
    bool on;           /* it was said */
} gan_alarm;

typedef struct gan_alarms {
    int64_t window; /* bad records in a row that make an alarm; 0: none are made */
    gan_alarm list[GAN_ALARMS];
} gan_alarms;

/* names[n]: of the values of a record. Reads [alarms]. */
void gan_alarms_new(gan_alarms *a, const gan_config *cfg, const char *const *names, int n);
/* A record of `step`: text[k] of those that begin or end now, else "". */
void gan_alarms_look(gan_alarms *a, const double *values, int64_t step, char text[GAN_ALARMS][GAN_ALARM_TEXT]);

#endif

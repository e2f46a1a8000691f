/* table.h - the rows of the report, as a table and as JSON. */
#ifndef SKB_TABLE_H
#define SKB_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/bench/cpu.h"

#define SKB_ROWS_MAX 128u

enum skb_goal {
    SKB_GOAL_AT_LEAST,
    SKB_GOAL_AT_MOST,
    SKB_GOAL_NONE, /* for information */
};

/* One row.  Where a number is 0 it was not measured.  Its texts stand in quotes
 * in JSON as they are, and must live as long as the table. */
struct skb_row {
    const char *what;
    const char *against; /* the limit or peer; "" */
    const char *note;    /* "", or why the row was left out */
    bool is_skipped;
    const char *unit; /* of value and peer_value */
    double value;
    double peer_value;
    double ratio;
    enum skb_goal sense;
    double goal;
    uint64_t n_errors; /* any makes the row fail */
    double per_s;      /* operations a second by the wall clock */
    double peer_per_s;
    double p50_us;
    double p99_us;
    double p999_us;
};

struct skb_table {
    struct skb_row rows[SKB_ROWS_MAX];
    size_t n_rows;
    unsigned runs; /* of which each number is the median */
    double seconds;
    unsigned cores;
    double load; /* of others: processes that ran or waited to, before */
    char cpu[SKB_CPU_NAME_MAX];
};

/* Aborts when the table is full: a row that is lost would look like a goal that
 * nobody has. */
void skb_table_add(struct skb_table *table, const struct skb_row *row);

/* Add a row that says why it was not measured. */
void skb_table_skip(struct skb_table *table,
                    const char *what,
                    const char *reason);

/* The rows, and how many goals were met, missed and left out. */
void skb_table_print(const struct skb_table *table, FILE *out);

/* Write all of it to the file at @path, as README.md describes; false when that
 * fails. */
bool skb_table_write_json(const struct skb_table *table, const char *path);

/* The median of @n numbers, which are sorted on the way. */
double skb_median(double *numbers, size_t n);

#endif /* SKB_TABLE_H */

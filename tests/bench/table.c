/* table.c - the rows of the report; see table.h. */
#include "tests/bench/table.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

void skb_table_add(struct skb_table *table, const struct skb_row *row)
{
    if (table->n_rows == SKB_ROWS_MAX) {
        (void)fprintf(stderr, "bench: more than %u rows\n", SKB_ROWS_MAX);
        abort();
    }
    table->rows[table->n_rows] = *row;
    /* Something was not measured: that meets no goal, and JSON has no NaN. */
    if (!isfinite(row->ratio)) {
        table->rows[table->n_rows].ratio = 0.0;
        table->rows[table->n_rows].n_errors++;
    }
    table->n_rows++;
    (void)fprintf(stderr, "bench: %s: %s\n", row->what,
                  row->is_skipped ? row->note : row->against);
}

void skb_table_skip(struct skb_table *table,
                    const char *what,
                    const char *reason)
{
    const struct skb_row row = { .what = what,
                                 .against = "",
                                 .note = reason,
                                 .unit = "",
                                 .is_skipped = true,
                                 .sense = SKB_GOAL_NONE };

    skb_table_add(table, &row);
}

enum verdict {
    MET,
    MISSED,
    WRONG, /* wrong answers: a goal is missed, whatever the ratio */
    LEFT_OUT,
    NO_GOAL,
    VERDICTS
};

static const char *const verdict_names[VERDICTS] = { [MET] = "met",
                                                     [MISSED] = "missed",
                                                     [WRONG] = "WRONG",
                                                     [LEFT_OUT] = "left out",
                                                     [NO_GOAL] = "-" };

static enum verdict judge(const struct skb_row *row)
{
    if (row->is_skipped) {
        return LEFT_OUT;
    }
    if (row->n_errors > 0) {
        return WRONG;
    }
    switch (row->sense) {
    case SKB_GOAL_AT_LEAST:
        return row->ratio >= row->goal ? MET : MISSED;
    case SKB_GOAL_AT_MOST:
        return row->ratio <= row->goal ? MET : MISSED;
    case SKB_GOAL_NONE:
    default:
        return NO_GOAL;
    }
}

static const char *verdict(const struct skb_row *row)
{
    return verdict_names[judge(row)];
}

static void print_number(FILE *out, int width, int digits, double number)
{
    if (number > 0.0) {
        (void)fprintf(out, " %*.*f", width, digits, number);
    } else {
        (void)fprintf(out, " %*s", width, "-");
    }
}

/* Bytes are many; a hundredth of one says nothing. */
static void print_value(FILE *out, double number)
{
    print_number(out, 9, number < 100000.0 ? 2 : 0, number);
}

static void print_row(const struct skb_row *row, FILE *out)
{
    if (row->is_skipped) {
        (void)fprintf(out, "%-36s %s: %s\n", row->what, verdict(row),
                      row->note);
        return;
    }
    (void)fprintf(out, "%-36s", row->what);
    print_value(out, row->value);
    (void)fprintf(out, " %-6s", row->unit);
    print_value(out, row->peer_value);
    (void)fprintf(out, " %-22s", row->against);
    print_number(out, 6, 2, row->ratio);
    (void)fprintf(out, " %s",
                  row->sense == SKB_GOAL_AT_LEAST  ? ">="
                  : row->sense == SKB_GOAL_AT_MOST ? "<="
                                                   : "  ");
    print_number(out, 4, 2, row->goal);
    (void)fprintf(out, " %-8s", verdict(row));
    print_number(out, 9, 0, row->per_s);
    print_number(out, 9, 0, row->peer_per_s);
    print_number(out, 7, 0, row->p50_us);
    print_number(out, 7, 0, row->p99_us);
    print_number(out, 7, 0, row->p999_us);
    if (row->n_errors > 0) {
        (void)fprintf(out, "  %" PRIu64 " wrong answers", row->n_errors);
    }
    (void)fprintf(out, "%s%s\n", *row->note != '\0' ? "  " : "", row->note);
}

static void print_head(const struct skb_table *table, FILE *out)
{
    (void)fprintf(
        out,
        "\"us\" is CPU time of the server (or of the plain loop) for one "
        "operation: the ratio is made of it,\nbecause wall time on a shared "
        "machine depends on the neighbours.  Where the value is a latency, a "
        "rate\nor bytes, so is the ratio.  op/s are by the wall clock, with "
        "the generator on another core; latencies in us.\nMedians of %u runs "
        "of %.2g s, ours and the peer measured in turns; load before: "
        "%.1f.\n\n",
        table->runs, table->seconds, table->load);
    (void)fprintf(
        out, "%-36s %9s %-6s %9s %-22s %6s %-7s %-8s %9s %9s %7s %7s %7s\n",
        "what", "value", "unit", "peer", "limit or peer", "ratio", "goal", "",
        "op/s", "peer op/s", "p50", "p99", "p99.9");
}

void skb_table_print(const struct skb_table *table, FILE *out)
{
    size_t counts[VERDICTS] = { 0 };

    print_head(table, out);
    for (size_t i = 0; i < table->n_rows; i++) {
        print_row(&table->rows[i], out);
        counts[judge(&table->rows[i])]++;
    }
    (void)fprintf(out, "\n%zu met, %zu missed, %zu left out\n", counts[MET],
                  counts[MISSED] + counts[WRONG], counts[LEFT_OUT]);
}

static void write_row(const struct skb_row *row, FILE *out)
{
    static const char *const senses[] = { [SKB_GOAL_AT_LEAST] = "at least",
                                          [SKB_GOAL_AT_MOST] = "at most",
                                          [SKB_GOAL_NONE] = "none" };

    (void)fprintf(out,
                  "{\"what\": \"%s\", \"verdict\": \"%s\", \"note\": \"%s\", "
                  "\"unit\": \"%s\", \"value\": %.4f, \"against\": \"%s\", "
                  "\"peer_value\": %.4f, \"ratio\": %.4f, \"goal\": "
                  "\"%s\", \"goal_ratio\": %.2f, \"errors\": %" PRIu64
                  ", \"per_s\": %.1f, \"peer_per_s\": %.1f, \"p50_us\": %.2f, "
                  "\"p99_us\": %.2f, \"p999_us\": %.2f}",
                  row->what, verdict(row), row->note, row->unit, row->value,
                  row->against, row->peer_value, row->ratio, senses[row->sense],
                  row->goal, row->n_errors, row->per_s, row->peer_per_s,
                  row->p50_us, row->p99_us, row->p999_us);
}

bool skb_table_write_json(const struct skb_table *table, const char *path)
{
    FILE *out = fopen(path, "we");

    if (out == NULL) {
        return false;
    }
    (void)fprintf(
        out,
        "{\"runs\": %u, \"seconds\": %.2f, \"cores\": %u, \"load\": %.2f, \"cpu\": "
        "\"%s\", \"rows\": [\n",
        table->runs, table->seconds, table->cores, table->load, table->cpu);
    for (size_t i = 0; i < table->n_rows; i++) {
        write_row(&table->rows[i], out);
        (void)fprintf(out, "%s\n", i + 1 < table->n_rows ? "," : "");
    }
    (void)fprintf(out, "]}\n");
    return fclose(out) == 0;
}

static int compare(const void *a, const void *b)
{
    const double *left = a;
    const double *right = b;

    return (*left > *right) - (*left < *right);
}

double skb_median(double *numbers, size_t n)
{
    qsort(numbers, n, sizeof *numbers, compare);
    return n == 0 ? 0.0 : numbers[n / 2];
}

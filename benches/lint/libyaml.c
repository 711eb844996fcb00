/* The floor: libyaml's events over some files, and nothing else. One pass for every line of input, its nanoseconds as
   the answer. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <yaml.h>

struct text { unsigned char *bytes; size_t length; };

static struct text read_text(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) { perror(path); exit(1); }
    fseek(file, 0, SEEK_END);
    struct text text = { NULL, (size_t)ftell(file) };
    rewind(file);
    text.bytes = malloc(text.length + 1);
    if (!text.bytes || fread(text.bytes, 1, text.length, file) != text.length) { perror(path); exit(1); }
    fclose(file);
    return text;
}

static void pass(struct text text) {
    yaml_parser_t parser;
    yaml_event_t event;
    yaml_event_type_t type;
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, text.bytes, text.length);
    do {
        if (!yaml_parser_parse(&parser, &event)) { fprintf(stderr, "%s\n", parser.problem); exit(1); }
        type = event.type;
        yaml_event_delete(&event);
    } while (type != YAML_STREAM_END_EVENT);
    yaml_parser_delete(&parser);
}

int main(int count, char **paths) {
    struct text *texts = malloc(count * sizeof *texts);
    for (int i = 1; i < count; i++) texts[i] = read_text(paths[i]);
    while (getchar() != EOF) {
        struct timespec from, to;
        clock_gettime(CLOCK_MONOTONIC, &from);
        for (int i = 1; i < count; i++) pass(texts[i]);
        clock_gettime(CLOCK_MONOTONIC, &to);
        printf("%lld\n", (to.tv_sec - from.tv_sec) * 1000000000LL + (to.tv_nsec - from.tv_nsec));
        fflush(stdout);
    }
}

/* Configuration files without their comments. */
#ifndef SEGRELAY_CONFIG_COMMENTS_H
#define SEGRELAY_CONFIG_COMMENTS_H

/* The descriptor of a copy of a file in memory in which comments are spaces; -1 with errno. The
 * caller closes it. libConfuse 3.3 counts the line of a comment three times: without comments its
 * line numbers are right. */
int comments_blank(const char *path);

#endif

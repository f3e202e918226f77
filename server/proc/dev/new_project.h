/* cgw-serve --new: a folder with an application, its test, a makefile and a README. */
#ifndef PROC_NEW_PROJECT_H
#define PROC_NEW_PROJECT_H
#include <stdio.h>

/*
 * Write a project to folder, which is made where it is not there, and must be empty where it is.
 * What to do next goes to out, an error to err. EXIT_FINE or EXIT_CANNOT_RUN; what was written
 * before an error is taken away again.
 */
int new_project(const char *folder, FILE *out, FILE *err);
#endif

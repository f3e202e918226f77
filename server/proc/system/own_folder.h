/* Where this program lies, and with it what it was built or installed with. */
#ifndef PROC_OWN_FOLDER_H
#define PROC_OWN_FOLDER_H

/* The folder of the program's file; NULL: not to be found, or out of memory. mem_free() it. */
char *own_folder(void);
/* prefix and folder, where that file in it can be read; else NULL. mem_free() it. */
char *own_folder_with(const char *prefix, const char *folder, const char *file);
#endif

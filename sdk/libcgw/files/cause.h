/* What the system says of a file, as a code of the SDK. */
#ifndef FILES_CAUSE_H
#define FILES_CAUSE_H

/* error: of errno. CGW_ENOENT, CGW_ENOMEM, CGW_EIO, or minus itself, but never what is a code of
   another meaning. 0: CGW_OK. */
int cause_code(int error);
#endif

/* A database by its URL. */
#include <cgw/sql.h>
#include <sqlite3.h>

int sql_version(void);
int sql_version(void)
{
    return sqlite3_libversion_number();
}

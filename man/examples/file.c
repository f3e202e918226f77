#include <cgw.h>

/* What was uploaded goes back as it is, under the name that it is known by. */
CGW_GET(invoice, "/invoices/{number:int}")
{
    const char *name = cgw_fmt(req, "%lld.pdf", (long long)cgw_path_i64(req, "number"));
    if (!name)
        return cgw_error(req, CGW_ENOMEM);
    return cgw_file(req, name, .beneath = "/var/lib/shop/invoices",
                    .filename = cgw_fmt(req, "Invoice %s", name),
                    .cache_control = "private, max-age=3600");
}

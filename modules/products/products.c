/*
 * Products in memory: create, get, list. Three seconds behind each creation a task that outlives
 * its request says in the log that the product is indexed; at shutdown it is canceled.
 */
#include <cgw.h>
#include <stdlib.h>
#include <string.h>

#define PRODUCT_IN(F)                         \
    F(str, name, .min_len = 1, .max_len = 80) \
    F(f64, price, .gt = 0)                    \
    F(list(str), tags, .opt = true, .max_items = 8)
CGW_MODEL(ProductIn, PRODUCT_IN)

#define PRODUCT(F) F(i64, id) PRODUCT_IN(F)
CGW_MODEL(Product, PRODUCT)

#define PAGE(F)                     \
    F(i64, skip, .def = 0, .ge = 0) \
    F(i64, limit, .def = 100, .ge = 1, .le = 1000)
CGW_MODEL(Page, PAGE)

/* All that is async runs on one thread and is interrupted only where it suspends: no lock is
 * needed. */
typedef struct Store {
    Product *products; /* ids from 1, in order */
    size_t n, room;
    double index_after;
} Store;

CGW_LIFESPAN(Store, start, stop);

static int start(cgw_boot *boot, Store *store)
{
    const char *seconds = getenv("PRODUCTS_INDEX_AFTER");
    (void)boot;
    store->index_after = seconds ? strtod(seconds, NULL) : 3;
    return 0;
}

static void free_product(Product *product)
{
    free((void *)(uintptr_t)product->name);
    for (size_t i = 0; i < product->tags.len; i++)
        free((void *)(uintptr_t)product->tags.items[i]);
    free(product->tags.items);
}

static void stop(Store *store)
{
    for (size_t i = 0; i < store->n; i++)
        free_product(&store->products[i]);
    free(store->products);
}

static bool make_room(Store *store)
{
    if (store->n < store->room)
        return true;
    size_t room = store->room ? 2 * store->room : 16;
    Product *products = realloc(store->products, room * sizeof(*products));
    if (!products)
        return false;
    store->products = products;
    store->room = room;
    return true;
}

/* The request's memory goes with it: what stays is copied. */
static bool copy(Product *product, const ProductIn *in)
{
    *product = (Product){.name = strdup(in->name), .price = in->price};
    product->tags.items = calloc(in->tags.len + 1, sizeof(*product->tags.items));
    for (size_t i = 0; product->tags.items && i < in->tags.len; i++, product->tags.len++)
        if (!(product->tags.items[i] = strdup(in->tags.items[i])))
            break;
    if (product->name && product->tags.items && product->tags.len == in->tags.len)
        return true;
    free_product(product);
    return false;
}

struct indexing {
    int64_t id;
    double after;
};

static void index_product(void *arg)
{
    const struct indexing *indexing = arg;
    if (cgw_sleep(indexing->after) != CGW_OK) {
        cgw_log(NULL, "product %lld is not indexed: the server stops", (long long)indexing->id);
        return;
    }
    cgw_log(NULL, "product %lld is indexed", (long long)indexing->id);
}

CGW_POST(create_product, "/products", .body = ProductIn_model, .reply = Product_model,
         .status = 201)
{
    Store *store = cgw_state(req, Store);
    Product product;
    if (!make_room(store) || !copy(&product, cgw_body(req, ProductIn)))
        return cgw_error(req, CGW_ENOMEM);
    product.id = (int64_t)store->n + 1;
    store->products[store->n++] = product;
    struct indexing indexing = {product.id, store->index_after};
    CGW_TRY(req, cgw_spawn(index_product, &indexing, .copy = sizeof(indexing)));
    return cgw_json(req, 201, Product, &product);
}

CGW_GET(get_product, "/products/{id:int}", .reply = Product_model)
{
    const Store *store = cgw_state(req, Store);
    int64_t id = cgw_path_i64(req, "id");
    if (id < 1 || id > (int64_t)store->n)
        return cgw_fail(req, 404, "no such product");
    return cgw_json(req, 200, Product, &store->products[id - 1]);
}

CGW_GET(list_products, "/products", .params = Page_model, .reply = Product_model)
{
    const Store *store = cgw_state(req, Store);
    const Page *page = cgw_params(req, Page);
    size_t skip = (size_t)page->skip < store->n ? (size_t)page->skip : store->n;
    size_t left = store->n - skip;
    size_t n = (size_t)page->limit < left ? (size_t)page->limit : left;
    return cgw_json_list(req, 200, Product, store->products + skip, n);
}

CGW_APPLICATION(.name = "products");

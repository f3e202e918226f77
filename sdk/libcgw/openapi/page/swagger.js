/* Starts Swagger UI on the document that the page names. It asks nobody else for anything. */
window.ui = SwaggerUIBundle({
    url: new URL(document.documentElement.dataset.openapi, document.baseURI).href,
    dom_id: "#swagger-ui",
    deepLinking: true,
    validatorUrl: null,
    showExtensions: true,
    showCommonExtensions: true,
});

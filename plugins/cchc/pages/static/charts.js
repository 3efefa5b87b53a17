// Draws every element with data-spec, also in parts that htmx brings. Expressions are interpreted (ast): the page's
// security policy allows no code made from text.
function drawCharts(root) {
  for (const element of root.querySelectorAll("[data-spec]:not([data-drawn])")) {
    element.dataset.drawn = "";
    vegaEmbed(element, JSON.parse(element.dataset.spec), { actions: false, renderer: "svg", ast: true }).then(
      // What the element says of itself is Vietnamese; what is drawn would be read out in English.
      () => element.querySelector("svg")?.setAttribute("aria-hidden", "true"),
      (error) => {
        element.textContent = "Không vẽ được biểu đồ; số liệu ở bảng dưới.";
        console.error(error);
      });
  }
}
document.addEventListener("DOMContentLoaded", () => drawCharts(document));
for (const name of ["htmx:after:swap", "htmx:afterSwap"]) {
  document.addEventListener(name, () => drawCharts(document));
}

// What could not be fetched is said, and the choice goes back to what is shown. Pages that explain why they are not
// to be had (4xx) are shown like others.
const FAILED = "loi-tai";
function sayFailed(form) {
  document.getElementById(FAILED).hidden = false;
  if (form instanceof HTMLFormElement) form.reset();
}
document.addEventListener("htmx:error", (event) => sayFailed(event.target));
document.addEventListener("htmx:response:error", (event) => {
  if (event.detail.ctx.response.status >= 500) sayFailed(event.target);
});
document.addEventListener("htmx:before:request", () => { document.getElementById(FAILED).hidden = true; });
// Who is not logged in any more is led to the login, which is no part of a page.
document.addEventListener("htmx:before:response", (event) => {
  if (!event.detail.ctx.response.raw.redirected) return;
  event.preventDefault();
  location.reload();
});

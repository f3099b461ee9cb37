// Parts that look again by themselves: no link to do it by hand is needed then; and when the session has
// ended, go to the sign-in as a whole page.
window.addEventListener("load", function () {
  var again = document.getElementById("again");
  if (again && window.htmx) { again.hidden = true; }
});
document.addEventListener("htmx:beforeSwap", function (event) {
  var xhr = event.detail.xhr;
  if (xhr.responseURL && /\/(sign-in|second-factor)(\?|$)/.test(xhr.responseURL)) {
    event.detail.shouldSwap = false;
    window.location.reload();
  }
});

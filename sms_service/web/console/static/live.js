// Parts that look again by themselves: when the session has ended, go to the sign-in as a whole page.
document.addEventListener("htmx:beforeSwap", function (event) {
  var xhr = event.detail.xhr;
  if (xhr.responseURL && /\/(sign-in|second-factor)(\?|$)/.test(xhr.responseURL)) {
    event.detail.shouldSwap = false;
    window.location.reload();
  }
});

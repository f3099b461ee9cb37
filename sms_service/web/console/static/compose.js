// Writing a broadcast. The phone beside the form is drawn by the service; here is only what keeps typing
// safe: a copy of the words in this tab, brought back after a sign-in that had ended, and a word of warning
// before the page is left. Numbers are not copied.
(function () {
  var form = document.getElementById("compose");
  function store(act) { try { act(window.sessionStorage); } catch (error) { /* no storage: nothing to keep */ } }
  if (!form) {
    // The page after the form: what was sent has been kept by the service.
    store(function (kept) {
      Object.keys(kept).forEach(function (key) {
        if (key.indexOf("compose ") === 0 && JSON.parse(kept.getItem(key)).sent) { kept.removeItem(key); }
      });
    });
    return;
  }
  var names = ["text_id", "text_en"];
  var place = "compose " + form.getAttribute("action") + " " + form.getAttribute("data-kept");
  var changed = false, leaving = false;
  function values() {
    var found = {};
    names.forEach(function (name) { found[name] = form.elements[name].value; });
    return found;
  }
  var isRefused = !!document.querySelector(".said.error, .said[role=alert]");
  store(function (kept) {
    var before = kept.getItem(place);
    if (!before || isRefused) { return; }
    var words = JSON.parse(before);
    if (names.every(function (name) { return words[name] === form.elements[name].value; })) { return; }
    names.forEach(function (name) { if (typeof words[name] === "string") { form.elements[name].value = words[name]; } });
    document.getElementById("kept-note").hidden = false;
    changed = true;
  });
  form.addEventListener("input", function () {
    changed = true;
    store(function (kept) { kept.setItem(place, JSON.stringify(values())); });
  });
  form.addEventListener("submit", function () {
    leaving = true;
    store(function (kept) {
      var sent = values();
      sent.sent = true;
      kept.setItem(place, JSON.stringify(sent));
    });
  });
  window.addEventListener("beforeunload", function (event) {
    if (changed && !leaving) { event.preventDefault(); event.returnValue = ""; }
  });
  document.addEventListener("htmx:beforeSwap", function (event) {
    // The session has ended: leave the last drawing, and the words where they are.
    if (/\/(sign-in|second-factor)(\?|$)/.test(event.detail.xhr.responseURL || "")) { event.detail.shouldSwap = false; }
  });
  window.addEventListener("load", function () {
    document.getElementById("look").hidden = !!window.htmx;
    if (changed && window.htmx) { window.htmx.trigger(document.body, "look"); }
  });
}());

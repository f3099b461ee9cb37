// Says below a field how long its text is by now, and which signs simple phones lack. Words come with the field.
(function () {
  "use strict";
  var plain = /[^@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-.\/0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà\^{}\\\[~\]|€’‘“”–—…]/gu;
  document.querySelectorAll("[data-longest]").forEach(function (field) {
    var told = document.createElement("p");
    told.className = "hint";
    told.setAttribute("role", "status");
    field.insertAdjacentElement("afterend", told);
    function tell() {
      var signs = Array.from(field.value);
      var words = field.dataset.words.replace("{count}", signs.length).replace("{most}", field.dataset.longest);
      var strange = field.dataset.strange ? Array.from(new Set(field.value.match(plain) || [])) : [];
      if (strange.length) { words += ". " + field.dataset.strange.replace("{signs}", strange.slice(0, 5).join(" ")); }
      told.textContent = words;
      told.classList.toggle("error", signs.length > Number(field.dataset.longest) || strange.length > 0);
    }
    field.addEventListener("input", tell);
    tell();
  });
})();

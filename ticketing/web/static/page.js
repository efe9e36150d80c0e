// What pages do beyond HTML: focus on what was refused, the sum while choosing, live figures.
document.querySelector("[data-focus]")?.focus();

// the server's own way of writing money, with another amount in it: here and at the till
window.money = (form, minor) => form.dataset.money.replace(/0[.,]00/, () =>
  (minor / 100).toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ","));

const form = document.querySelector("form[data-word]");
if (form) {
  const go = form.querySelector(".go"), sum = document.getElementById("sum");
  const show = () => {
    const k = Number(form.elements.n.value);
    go.textContent = k ? `${form.dataset.word} ${k} ticket${k > 1 ? "s" : ""}` : go.textContent;
    if (!sum || !Number(form.dataset.price)) return;
    sum.parentNode.hidden = false;
    sum.textContent = money(form, k * form.dataset.price);
    document.getElementById("times").textContent = `${k} × ${money(form, form.dataset.price)}`;
  };
  form.addEventListener("input", show);
  show();
}

const main = document.querySelector("[data-every]"), line = document.getElementById("live");
const note = document.getElementById("away");
if (main) {
  let tag = main.dataset.code ? "" : main.dataset.tag, missed = 0, told = 0;
  // the page stays as it was last seen, without its forms, and with what was typed in them
  const away = (is) => {
    if (is !== note.hidden || main.dataset.code) return;
    note.hidden = !is;
    main.classList.toggle("away", is);
    document.getElementById("seen").textContent = main.dataset.at;
    document.dispatchEvent(new Event("away"));
  };
  const say = (text) => {
    if (!text || Date.now() - told < 1e4) return;
    told = Date.now();
    document.getElementById("say").textContent = text;
  };
  const swap = (page) => {
    for (const old of document.querySelectorAll("[data-live]")) {
      const next = page.getElementById(old.id);
      if (!next || (next.innerHTML === old.innerHTML && next.className === old.className)) continue;
      old.className = next.className;
      old.replaceChildren(...next.childNodes);
      if (next.dataset.say) say(next.dataset.say);
    }
    for (const old of document.querySelectorAll("[data-class]"))
      old.className = page.getElementById(old.id)?.className ?? old.className;
    const kind = page.getElementById("main").dataset.kind;
    if (kind && kind !== main.dataset.kind) {
      main.dataset.kind = kind;
      say(document.getElementById("state").textContent);
    }
  };
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, {
        headers: { Accept: "text/html", "X-Live": "1", "If-None-Match": tag },
        signal: AbortSignal.timeout(4000),
      });
      if (answer.status !== 304) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (page.getElementById("main")?.dataset.code?.startsWith("database")) missed = 9;
        if (!answer.ok || answer.redirected) throw answer;
        if (main.dataset.code) return location.reload();
        tag = answer.headers.get("ETag");
        swap(page);
        document.dispatchEvent(new Event("live"));
      }
      missed = 0;
      away(false);
      line.className = "live";
      main.dataset.at = new Date(answer.headers.get("Date") || Date.now())
        .toLocaleTimeString("en-GB", { timeZone: main.dataset.zone });
      line.textContent = `As of ${main.dataset.at}, kept up to date`;
    } catch {
      if (++missed < 3) return;
      away(true);
      if (!line) return;
      line.className = "live stale";
      line.textContent = `From ${main.dataset.at || "a while ago"}, trying again`;
    }
  };
  // the till hands over what it was answered
  document.addEventListener("page", ({ detail }) => {
    tag = detail.getElementById("main").dataset.tag;
    swap(detail);
  });
  if (line && !main.dataset.code) {
    main.dataset.at = line.textContent.slice(6);
    line.textContent += ", kept up to date";
  }
  setInterval(ask, main.dataset.every * 1000);
}

// also what is put into the page later
document.documentElement.classList.add("js");
document.addEventListener("click", (e) => e.target.closest("[data-print]") && print());

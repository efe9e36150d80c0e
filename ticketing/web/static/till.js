// The till beyond the form: the sum while typing, four keys, and a sale that is asked for until there
// is an answer. Its key makes asking again harmless; it is kept, so a reload goes on asking.
const form = document.getElementById("till"), n = form.elements.n, go = form.querySelector(".go");
const slip = document.getElementById("receipt");
const left = () => Number(document.querySelector("#left b").dataset.n);
const tickets = (k) => `${k} ticket${k > 1 ? "s" : ""}`;
const cash = (k) => money(form, k * form.dataset.price);
const clock = () => new Date().toLocaleTimeString("en-GB", { timeZone: form.dataset.zone });
let asking = false;

const show = () => {
  n.value = n.value.replace(/\D/g, "");
  const k = Number(n.value);
  document.getElementById("sum").textContent = cash(k);
  if (asking) return;
  go.textContent = !left() ? "Sold out" : k > left() ? `Only ${left()} left` : k ? `Sell ${tickets(k)}` : "Sell";
};
const tell = (kind, head, text, button) => {
  const note = document.createElement("div");
  note.className = `note ${kind}`;
  for (const [words, is] of [[head, `is ${kind}`], [text, ""]]) {
    const line = note.appendChild(document.createElement("p"));
    line.className = is;
    line.textContent = words;
  }
  if (button) note.append(button);
  slip.replaceChildren(note);
};
const wait = (s) => new Promise((then) => setTimeout(then, s * 1000));

const sell = async (body) => {
  const data = new URLSearchParams(body), what = `${tickets(data.get("n"))}, ${cash(data.get("n"))}`;
  const began = clock(), stop = document.createElement("button");
  stop.className = "btn small";
  stop.textContent = "Stop asking";
  stop.onclick = () => {
    asking = false;
    sessionStorage.removeItem("sale");
    tell("wait", "Not known", "Look for it in Last sales before you sell again.");
    end();
  };
  asking = true;
  sessionStorage.setItem("sale", body);
  go.setAttribute("aria-disabled", "true");
  go.textContent = "Selling …";
  for (let time = 1, quiet = 2, away; asking; time++) {
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: data, headers: { Accept: "text/html" }, signal: AbortSignal.timeout(4000),
      });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!asking) return;
      if (answer.status < 500) return done(answer, page);
      const { code } = page.getElementById("main")?.dataset ?? {};
      if (code === "busy" && quiet--) continue;
      if (code?.startsWith("database")) throw new TypeError(code);
      throw answer;
    } catch (fault) {
      if (!asking) return;
      away = fault instanceof TypeError && (away || clock());
      if (away) tell("off", `No connection since ${away}`, `Nothing can be sold. ${what}, from ${began}, is asked for as soon as it is back.`, stop);
      else tell("wait", `Asking again, ${["2nd", "3rd"][time - 1] ?? `${time + 1}th`} time`, `No answer yet to ${what}. Don’t hand them out. The same sale is asked for again and can’t count twice.`, stop);
      await wait(Math.min(2 ** (time - 1), 8));
    }
  }
};
const done = (answer, page) => {
  sessionStorage.removeItem("sale");
  asking = false;
  const next = page.getElementById("till");
  if (!next) {
    if (answer.redirected) return location.assign(answer.url);
    tell("off", "Not sold", page.querySelector("h1")?.textContent ?? "");
  } else {
    form.elements.key.value = next.elements.key.value;
    slip.replaceChildren(...page.getElementById("receipt").childNodes);
    if (answer.redirected) history.replaceState(null, "", answer.url);
    document.dispatchEvent(new CustomEvent("page", { detail: page }));
    if (answer.ok) n.value = "";
  }
  end();
};
const end = () => {
  go.removeAttribute("aria-disabled");
  show();
  n.focus();
  n.select();
};

n.addEventListener("input", show);
n.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  const to = { e: ".picks [aria-current], .picks a", u: ".sales button" }[e.key.toLowerCase()];
  if (to) document.querySelector(to)?.focus();
  else if (e.key === "Escape") n.value = "", show();
  else if (e.key.toLowerCase() === "p") print();
  else if (e.key === "?") document.getElementById("keys").classList.toggle("wide");
  else return;
  e.preventDefault();
});
document.querySelector(".picks")?.addEventListener("keydown", (e) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[e.key], all = [...e.currentTarget.querySelectorAll("a")];
  if (!step) return;
  all[all.indexOf(document.activeElement) + step]?.focus();
  e.preventDefault();
});
form.addEventListener("submit", (e) => {
  e.preventDefault();
  const k = Number(n.value);
  if (asking || !k) return;
  if (document.querySelector(".away"))
    return tell("off gone", `No connection since ${document.getElementById("seen").textContent}`, "Nothing can be sold.");
  if (k > left()) return tell("off", "Not sold", left() ? `Only ${left()} ${left() === 1 ? "is" : "are"} left.` : "Nothing is left.");
  sell(new URLSearchParams(new FormData(form)).toString());
});
document.addEventListener("live", show);
document.addEventListener("away", () => slip.querySelector(".gone")?.remove());
show();
n.select();
if (sessionStorage.getItem("sale")) sell(sessionStorage.getItem("sale"));

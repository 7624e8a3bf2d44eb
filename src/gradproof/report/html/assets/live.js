// A page that is served while the run goes on asks for news and takes them in.
gp.live = async () => {
  const body = document.body;
  if (!body.dataset.version) return;
  const words = (text, going) => { body.dataset.going = going ? 1 : 0; document.getElementById("live-words").textContent = text; };
  const pause = (time) => new Promise((done) => setTimeout(done, time));
  let held = false;
  addEventListener("pointerdown", () => { held = true; });
  addEventListener("pointerup", () => { held = false; });
  // Nobody's list or zoom is taken from under the hand.
  const busy = () => held || document.activeElement?.tagName === "SELECT";
  for (let lost = 0; lost < 3; ) {
    try {
      const answer = await fetch(`news?version=${encodeURIComponent(body.dataset.version)}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status);
      const news = await answer.json();
      while (news.going && busy()) await pause(300);
      if (news.newer) await gp.replace();
      if (!news.going) { words("the run has ended", false); return; }
      lost = 0;
      await pause(300);
    } catch { lost += 1; await pause(400); }
  }
  words("the run has ended, or its page is no longer served", false);
};

gp.replace = async () => {
  const answer = await fetch("./", { cache: "no-store" });
  const news = new DOMParser().parseFromString(await answer.text(), "text/html");
  const kept = gp.page?.kept();
  const open = [...document.querySelectorAll("main details")].map((one) => one.open);
  const focus = document.activeElement?.id;
  const place = scrollY;
  document.title = news.title;
  document.querySelector("main").replaceWith(news.querySelector("main"));
  Object.assign(document.body.dataset, { version: news.body.dataset.version, going: news.body.dataset.going });
  const details = [...document.querySelectorAll("main details")];
  if (details.length === open.length) details.forEach((one, at) => { one.open = open[at]; });
  gp.page = await gp.start(kept);
  if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
  scrollTo({ top: place, behavior: "instant" });
};

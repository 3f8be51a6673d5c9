// Shows the marked region of a page again every few seconds, and asks before an action that cannot be undone.
const EVERY_MS = 5000;
const KEY = 'clerk-sync-live';
const region = document.querySelector('[data-live]');
const liveSwitch = document.querySelector('[data-live-switch]');

function showSwitch(on, label = on ? 'Live' : 'Paused') {
  liveSwitch.hidden = false;
  liveSwitch.setAttribute('aria-pressed', String(on));
  liveSwitch.textContent = label;
}

/** Somebody who reads, selects or types in the region must not lose their place. */
function isInUse() {
  return region.contains(document.activeElement) || !(getSelection()?.isCollapsed ?? true);
}

/** Details that were opened stay open. They are known by their id. */
function swap(fresh) {
  const opened = [...region.querySelectorAll('details[open][id]')].map(({ id }) => id);
  region.replaceChildren(...fresh.childNodes);
  for (const id of opened) document.getElementById(id)?.setAttribute('open', '');
}

async function refresh() {
  const response = await fetch(location.href, { headers: { accept: 'text/html' } });
  const text = await response.text();
  const fresh = new DOMParser().parseFromString(text, 'text/html').querySelector('[data-live]');
  // The session has ended: the page itself leads to the sign-in.
  if (response.redirected && fresh === null) return location.reload();
  if (fresh === null) throw new Error(`The page answered ${response.status}.`);
  if (!isInUse()) swap(fresh);
}

function keepLive() {
  let on = sessionStorage.getItem(KEY) !== 'off';
  showSwitch(on);
  liveSwitch.addEventListener('click', () => {
    on = !on;
    sessionStorage.setItem(KEY, on ? 'on' : 'off');
    showSwitch(on);
  });
  let busy = false;
  setInterval(async () => {
    if (!on || busy || document.hidden || isInUse()) return;
    busy = true;
    try {
      await refresh();
      showSwitch(on);
    } catch {
      if (on) showSwitch(on, 'Live: no answer');
    }
    busy = false;
  }, EVERY_MS);
}

if (region !== null && liveSwitch !== null) keepLive();

/** Resolves with whether the operator agrees. */
function ask(question) {
  const dialog = document.createElement('dialog');
  const form = document.createElement('form');
  form.method = 'dialog';
  const [text, no, yes] = ['p', 'button', 'button'].map((name) => document.createElement(name));
  text.textContent = question;
  Object.assign(no, { textContent: 'Cancel', className: 'plain', value: '' });
  Object.assign(yes, { textContent: 'Continue', value: 'yes' });
  form.append(text, no, yes);
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
  });
}

document.addEventListener('submit', async (event) => {
  const { target: form, submitter } = event;
  const question = submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question === undefined || form.dataset.agreed !== undefined) return;
  event.preventDefault();
  if (!(await ask(question))) return;
  form.dataset.agreed = '';
  form.requestSubmit(submitter);
});

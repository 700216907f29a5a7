// A stand-in for the sandbox of a custom pixel: its globals analytics, browser, init and customerPrivacy.
const subscribers = [];
const analytics = {subscribe: (name, handler) => subscribers.push([name, handler])};
const publish = event => subscribers.forEach(([name, handler]) => name === event.name && handler(event));

const asked = new Map();
addEventListener('message', ({data}) => {
	if (data.answer) {
		asked.get(data.answer)(data.value);
	}
});
const ask = (store, method) => (...values) => new Promise(resolve => {
	const id = `${Math.random()}`;
	asked.set(id, resolve);
	parent.postMessage({id, store, method, values}, '*');
});
const browser = {
	cookie: {get: ask('cookie', 'get')},
	localStorage: {getItem: ask('localStorage', 'getItem'), setItem: ask('localStorage', 'setItem')},
	sessionStorage: {getItem: ask('sessionStorage', 'getItem'), setItem: ask('sessionStorage', 'setItem')},
};

const privacySubscribers = [];
const customerPrivacy = {subscribe: (name, handler) => privacySubscribers.push(handler)};
const choose = choice => privacySubscribers.forEach(handler => handler({customerPrivacy: choice}));

// A test says what the visitor chose, and what the relay serves; then the pixel is run as Shopify would.
let init;
const run = (code, choice) => {
	init = {data: {}, customerPrivacy: choice};
	const script = document.createElement('script');
	script.textContent = code;
	document.head.append(script);
};

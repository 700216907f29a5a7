// The pixel for the checkout, where no script may run: tells the relay how far a buyer has come, and whose checkout it is.
//
// segrelay serves it with one line in front, `var segrelayConfig = {…};`. Paste both into Shopify: Settings > Customer
// events > Add custom pixel. It posts hints to the relay alone, each once, and nothing of the buyer: no name, no address,
// no amount. What is told to Segment of them is the relay's decision, so nothing is counted twice.
(() => {
	'use strict';

	const config = segrelayConfig;
	const KEY = 'segrelay.pixel';  // in the tab's sessionStorage: what was told
	const REMEMBERED = 100;
	const STEPS = ['checkout_started', 'checkout_contact_info_submitted', 'checkout_address_info_submitted',
		'checkout_shipping_info_submitted', 'payment_info_submitted', 'checkout_completed'];

	const cut = (text, most) => text ? String(text).slice(0, most).replace(/[\ud800-\udbff]$/, '') : undefined;
	const parse = text => {
		try {
			return JSON.parse(text) || {};
		} catch {
			return {};
		}
	};

	// ---- consent ----

	// Shopify's documents have it as a global of its own, and as a part of `api`.
	const own = typeof customerPrivacy === 'undefined' ? undefined : customerPrivacy;
	const choices = own || (typeof api === 'undefined' ? undefined : api.customerPrivacy);
	let privacy = init.customerPrivacy;
	const allowed = () => config.consent === 'off' || !!privacy && privacy.analyticsProcessingAllowed;
	// Without asking, what Shopify allows by default is nobody's choice: only what is chosen here is one.
	let chosen = config.consent !== 'off';
	const consent = () => chosen && privacy ? {
		analytics: !!privacy.analyticsProcessingAllowed, marketing: !!privacy.marketingAllowed,
		preferences: !!privacy.preferencesProcessingAllowed, saleOfData: !!privacy.saleOfDataAllowed,
	} : undefined;

	// ---- who and where ----

	const stored = async (store, name) => {
		try {
			return await (store.get || store.getItem).call(store, name) || '';
		} catch {
			return '';
		}
	};
	const decoded = text => {
		try {
			return decodeURIComponent(text);
		} catch {
			return text;
		}
	};

	// analytics.js keeps it plain, in quotes, or encoded; a cart that the storefront script linked has it, too.
	const anonymousId = async checkout => {
		const own = await stored(browser.cookie, 'ajs_anonymous_id') || await stored(browser.localStorage, 'ajs_anonymous_id');
		const attribute = (checkout.attributes || []).find(({key}) => key === config.attribute) || {};
		return cut(decoded(own).replace(/"/g, '') || attribute.value, 128);
	};

	const google = async () => {
		const client = /\d+\.\d+$/.exec(await stored(browser.cookie, '_ga'));
		return client ? client[0] : undefined;
	};

	// /checkouts/cn/<cart token>/information
	const cartToken = path => (/\/checkouts\/cn\/([^/]+)/.exec(path) || [])[1];

	// A checkout's address without its tokens: what is no plain word of the path is left out, and all behind the path.
	const page = ({document = {}, window: shown = {}}) => {
		const {origin = '', pathname = ''} = shown.location || document.location || {};
		const path = pathname.split('/').filter(part => /^[a-z_-]{0,20}$/.test(part)).join('/') || '/';
		return {url: cut(origin + path, 2048), path: cut(path, 1024)};
	};

	// ---- what is told ----

	const post = record => fetch(config.collect, {
		method: 'POST', headers: {'Content-Type': 'text/plain'},
		body: JSON.stringify(record), keepalive: true, credentials: 'omit',
	});

	// What stands for the checkout that this tab is in: alerts do not name it.
	let current = {};
	const identity = async event => {
		const checkout = event.data && event.data.checkout || {};
		const {location = {}} = event.context.window || event.context.document || {};
		const cart = cartToken(location.pathname || '');
		current = {
			checkoutToken: cut(checkout.token, 255) || current.checkoutToken,
			cartToken: cut(cart && cart.split('?')[0], 255) || current.cartToken,
			anonymousId: await anonymousId(checkout) || current.anonymousId,
		};
		return current.checkoutToken || current.cartToken ? current : undefined;
	};

	const tell = async (event, hint) => {
		const who = await identity(event);
		if (!who || hint && !await isNew(event, who)) {
			return;
		}
		await post({
			v: 1, shop: config.shop, ...who, googleClientId: await google(), page: page(event.context),
			campaign: parse(await stored(browser.sessionStorage, 'segrelay')).campaign,
			locale: cut((event.context.navigator || {}).language, 255), consent: consent(), event: hint,
		});
	};

	// Shopify repeats events, also after a reload: one event, and one step of a checkout, is told once. A card may fail twice.
	let told = [];
	const isNew = async ({id, name}, who) => {
		const {before = []} = parse(await stored(browser.sessionStorage, KEY));
		const keys = [id, name === 'alert_displayed' ? id : `${name} ${who.checkoutToken || who.cartToken}`];
		if (keys.some(key => before.includes(key) || told.includes(key))) {
			return false;
		}
		told = [...before, ...keys].slice(-REMEMBERED);
		await browser.sessionStorage.setItem(KEY, JSON.stringify({before: told})).catch(() => {});
		return true;
	};

	// One after the other: two that come at once would not know of each other.
	let last;
	let turn = Promise.resolve();
	const inTurn = work => {
		turn = turn.then(work).catch(() => {});
	};
	const heard = event => {
		last = event;
		const type = event.name === 'alert_displayed' ? ((event.data || {}).alert || {}).type : undefined;
		if (allowed()) {
			inTurn(() => tell(event, {id: cut(event.id, 128), name: event.name, time: event.timestamp, type}));
		}
	};

	STEPS.forEach(name => analytics.subscribe(name, heard));
	analytics.subscribe('alert_displayed', event => {
		if (((event.data || {}).alert || {}).type === 'PAYMENT_ERROR') {
			heard(event);
		}
	});

	// A choice that is made in the checkout: what happened before a consent is not told afterwards, but whose checkout it is.
	if (choices) {
		choices.subscribe('visitorConsentCollected', event => {
			const before = allowed();
			chosen = true;
			privacy = event.customerPrivacy;
			if (last && privacy.analyticsProcessingAllowed) {
				inTurn(() => tell(last));
			} else if (last && before) {
				inTurn(() => withdraw(last));
			}
		});
	}
	const withdraw = async event => {
		const {anonymousId: withdrawn, ...who} = await identity(event) || {};
		if (who.checkoutToken || who.cartToken) {
			await post({v: 1, shop: config.shop, ...who, consent: consent()});
		}
	};
})();

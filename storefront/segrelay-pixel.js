// The pixel for the checkout, where scripts cannot run: reports the steps of a checkout and its buyer to the relay.
//
// segrelay serves it with one line in front, `var segrelayConfig = {…};`. Paste both into Shopify: Settings > Customer
// events > Add custom pixel. It posts hints only to the relay, each once, and no personal data: no name, no address,
// no amount. The relay decides which events are sent to Segment, so nothing is counted twice.
(() => {
	'use strict';

	const config = segrelayConfig;
	const KEY = 'segrelay.pixel';  // in the tab's sessionStorage: the hints posted already
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

	// Shopify documents it as a global, and as a member of `api`.
	const own = typeof customerPrivacy === 'undefined' ? undefined : customerPrivacy;
	const choices = own || (typeof api === 'undefined' ? undefined : api.customerPrivacy);
	let privacy = init.customerPrivacy;
	const allowed = () => config.consent === 'off' || !!privacy && privacy.analyticsProcessingAllowed;
	// Without consent required, Shopify's defaults are not a visitor's choice: only a choice made here is one.
	let chosen = config.consent !== 'off';
	const consent = () => chosen && privacy ? {
		analytics: !!privacy.analyticsProcessingAllowed, marketing: !!privacy.marketingAllowed,
		preferences: !!privacy.preferencesProcessingAllowed, saleOfData: !!privacy.saleOfDataAllowed,
	} : undefined;

	// ---- identity and page ----

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

	// analytics.js stores it plain, quoted or encoded; a cart linked by the storefront script has it, too.
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

	// A checkout's address without its tokens: only plain words of the path are kept.
	const page = ({document = {}, window: shown = {}}) => {
		const {origin = '', pathname = ''} = shown.location || document.location || {};
		const path = pathname.split('/').filter(part => /^[a-z_-]{0,20}$/.test(part)).join('/') || '/';
		return {url: cut(origin + path, 2048), path: cut(path, 1024)};
	};

	// ---- hints ----

	const post = record => fetch(config.collect, {
		method: 'POST', headers: {'Content-Type': 'text/plain'},
		body: JSON.stringify(record), keepalive: true, credentials: 'omit',
	});

	// The tokens of the checkout in this tab: alerts do not have them.
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

	const send = async (event, hint) => {
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

	// Shopify repeats events, also after a reload: each event and each step of a checkout is posted once. A card may fail twice.
	let posted = [];
	const isNew = async ({id, name}, who) => {
		const {before = []} = parse(await stored(browser.sessionStorage, KEY));
		const keys = [id, name === 'alert_displayed' ? id : `${name} ${who.checkoutToken || who.cartToken}`];
		if (keys.some(key => before.includes(key) || posted.includes(key))) {
			return false;
		}
		posted = [...before, ...keys].slice(-REMEMBERED);
		await browser.sessionStorage.setItem(KEY, JSON.stringify({before: posted})).catch(() => {});
		return true;
	};

	// One after the other, so that each sees the one before it.
	let last;
	let turn = Promise.resolve();
	const inTurn = work => {
		turn = turn.then(work).catch(() => {});
	};
	const heard = event => {
		last = event;
		const type = event.name === 'alert_displayed' ? ((event.data || {}).alert || {}).type : undefined;
		if (allowed()) {
			inTurn(() => send(event, {id: cut(event.id, 128), name: event.name, time: event.timestamp, type}));
		}
	};

	STEPS.forEach(name => analytics.subscribe(name, heard));
	analytics.subscribe('alert_displayed', event => {
		if (((event.data || {}).alert || {}).type === 'PAYMENT_ERROR') {
			heard(event);
		}
	});

	// A choice made in the checkout: events before a consent are not posted afterwards, only the buyer's identity is.
	if (choices) {
		choices.subscribe('visitorConsentCollected', event => {
			const before = allowed();
			chosen = true;
			privacy = event.customerPrivacy;
			if (last && privacy.analyticsProcessingAllowed) {
				inTurn(() => send(last));
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

// See docs/storefront.md.
// It must not break or delay the page.
(() => {
	'use strict';

	const config = window.segrelayConfig;
	if (!config || window.segrelay) {
		return;
	}
	window.segrelay = Object.freeze({version: config.version});

	const DWELL = 400; // ms to be seen
	const BATCH = 20; // of a Product List Viewed
	const MOST = 25; // of a cart
	const FETCHES = 60; // of a page view
	const KEY = 'segrelay';
	const ID = 'ajs_anonymous_id';
	const METHODS = 'track page identify group alias ready on once off reset debug setAnonymousId addSourceMiddleware';
	const LINKS = 'a[href*="/products/"]';
	const NO_LIST = 'header, footer, nav, form[action$="/cart"], cart-drawer, [data-segrelay-ignore]';

	const safely = work => (...args) => {
		try {
			const result = work(...args);
			return result?.catch ? result.catch(() => {}) : result;
		} catch {
			return undefined;
		}
	};
	const attempt = work => safely(work)();
	const later = (work, ms) => setTimeout(safely(work), ms);
	const idle = work => window.requestIdleCallback ? requestIdleCallback(safely(work), {timeout: 2000}) : later(work, 1);
	const listen = (target, type, handler) => target.addEventListener(type, safely(handler), true);
	const cut = (text, most) => text ? String(text).slice(0, most).replace(/[\ud800-\udbff]$|[\0-\x1f\x7f]/g, '') : undefined;
	const decoded = text => attempt(() => decodeURIComponent(text)) || text;
	const cookie = name => decoded(`; ${document.cookie}`.split(`; ${name}=`)[1]?.split(';')[0] || '');

	const known = object => Object.fromEntries(Object.entries(object).filter(([, value]) =>
		!/^(""|{}|\[]|null|undefined)$/.test(JSON.stringify(value))));

	let own = {}; // without storage
	const recall = () => attempt(() => JSON.parse(sessionStorage.getItem(KEY))) || own;
	const remember = (facts, others = recall()) => {
		own = {...others, ...facts};
		attempt(() => sessionStorage.setItem(KEY, JSON.stringify(own)));
	};

	// The theme may replace it.
	const texts = new Map();
	const read = element => {
		const text = element?.textContent;
		return texts.get(text) || texts.set(text, attempt(() => JSON.parse(text)) || {}).get(text);
	};
	const layer = () => read(document.getElementById('segrelay-data'));
	const shopify = () => window.Shopify || {};
	const root = () => ((shopify().routes || layer()).root || '').replace(/\/?$/, '/');
	const currency = () => layer().currency || shopify().currency?.active;

	// ---- addresses ----

	const parameters = () => new URLSearchParams(location.search);
	const handleOf = path => decoded(/^(?!\/cdn\/).*\/products\/([^/?#]+)/.exec(path)?.[1] || '');
	const here = () => handleOf(location.pathname);

	// /fr/cart is /cart.
	const plain = path => path.replace(root(), '/').replace(/\/$/, '') || '/';

	// As in src/base/url_clean.c.
	const PATH = /^(\/([a-z]{2}|fil)(-[a-z]+)*(?=\/))?\/((blogs|collections|products)\/[^;]*|(pages|policies)\/[^/;]+$|[a-z_-]{0,20}(\/(login|orders|register))*(?![^/]))/i;
	const KEPT = /^((gad|hsa|pr|utm)_\w+|aff\w*|\w*cl(ick|k)?id|[gw]braid|srsltid|mc_cid|filter\.[\w.]+|page|q|ref|sort_by|variant)=/i;
	const HIDDEN = /@|%40|%25[\da-f]{2}|%ef%(bc%a0|b9%ab)/i;

	const cleaned = address => {
		const {protocol, host, pathname, search} = new URL(address, location.href);
		const shown = part => !HIDDEN.test(part);
		const path = (PATH.exec(pathname) || '/')[0].split('/').filter(shown).join('/') || '/';
		const query = search.split(/[?&;]/).filter(part => KEPT.test(part) && shown(part)).join('&').replace(/^./, '?$&');
		return {url: `${protocol}//${host}${path}${query}`, path, search: query};
	};

	// The relay accepts 8 KB.
	const pageFacts = () => {
		const {url, path, search} = cleaned(location.href);
		return known({
			url: cut(url, 1024), path: cut(path, 512), search: cut(search, 512), title: cut(document.title, 200),
			referrer: document.referrer && cut(cleaned(document.referrer).url, 1024),
		});
	};

	const campaign = () => {
		const shown = new URLSearchParams(cleaned(location.href).search);
		const utm = name => cut(shown.get(`utm_${name}`), 200);
		const found = known({
			name: utm('campaign'), source: utm('source'), medium: utm('medium'), term: utm('term'), content: utm('content'),
		});
		if (found.name || found.source) {
			remember({campaign: found});
		}
		return recall().campaign;
	};

	const google = () => known({
		clientId: /\d+\.\d+$/.exec(cookie('_ga'))?.[0],
		sessionId: /; _ga_\w+=GS\d\.\d\.s?(\d+)/.exec(`; ${document.cookie}`)?.[1],
	});

	// ---- consent ----

	let active;
	let chosen;
	const asks = name => !!attempt(() => privacy()[name]());
	const isAllowed = () => config.consent === 'off' || asks('analyticsProcessingAllowed');
	// It is incomplete at first.
	const privacy = () => shopify().customerPrivacy?.analyticsProcessingAllowed && shopify().customerPrivacy;

	const choice = () => {
		const current = attempt(() => privacy().currentVisitorConsent()) || {};
		return privacy() && (chosen || navigator.globalPrivacyControl || Object.values(current).join('')) ? {
			analytics: asks('analyticsProcessingAllowed'), marketing: asks('marketingAllowed'),
			preferences: asks('preferencesProcessingAllowed'), saleOfData: asks('saleOfDataAllowed'),
		} : undefined;
	};
	const categories = () => known(Object.fromEntries(Object.entries(choice() || {})
		.map(([category, value]) => [config.consentCategories[category], value]).filter(([name]) => name)));

	// ---- analytics.js ----

	let ready;
	let blocked;
	let owned; // loaded here

	// analytics.js, or its queue.
	const call = (method, ...args) => {
		const analytics = window.analytics = window.analytics || [];
		return analytics[method] ? analytics[method](...args) : wait(method, ...args);
	};
	// Like Segment's snippet.
	const wait = (...args) => window.analytics.push([...args, {__t: 'bpc', u: location.href, p: location.pathname,
		s: location.search, t: document.title, r: document.referrer, c: document.querySelector('[rel=canonical]')?.href}]);

	const load = () => {
		const stub = window.analytics;
		if (stub.initialize || stub.invoked || !config.writeKey) {
			return;
		}
		owned = stub.invoked = true;
		METHODS.split(' ').forEach(method => {
			stub[method] = (...args) => window.analytics === stub ? wait(method, ...args) : call(method, ...args);
		});
		Object.assign(stub, {
			_writeKey: config.writeKey, _cdn: config.cdn,
			_loadOptions: {integrations: {'Segment.io': {deliveryStrategy: {config: {keepalive: true}}}}},
		});
		document.head.append(Object.assign(document.createElement('script'), {
			src: `${config.cdn}/analytics.js/v1/${config.writeKey}/analytics.min.js`, onerror: whenBlocked,
		}));
	};

	const isReady = () => {
		if (!ready) {
			ready = true;
			idle(tellKept);
			idle(link);
		}
	};

	// Without consent, the queue is dropped.
	const middleware = ({payload, next}) => {
		isReady();
		attempt(() => active && complete(payload.obj));
		if (active || !owned && !payload.obj.context?.integration) {
			next(payload);
		}
	};
	const complete = message => {
		const ids = google();
		const email = layer().customer?.email || window.analytics.user().traits()?.email;
		[message.context.page, message.type === 'page' && message.properties].forEach(page => page?.url && Object.assign(page,
			cleaned(page.url), page.referrer && {referrer: cleaned(page.referrer).url}));
		if (ids.clientId) {
			message.integrations = {...message.integrations, 'Google Analytics': ids};
		}
		if (config.emailProperty && email && message.type === 'track') {
			message.properties = {email, ...message.properties};
		}
		if (message.type === 'identify') {
			remember({identified});
		}
	};

	const send = (method, event, title, facts, more) => {
		if (active && !config.disable.includes(event)) {
			call(method, title || config.rename[event] || event, known({...facts, sent_from: 'segrelay storefront'}),
				{...options(), ...more});
		}
	};
	const options = () => ({context: known({
		integration: {name: 'shopify_segrelay', version: config.version}, consent: known({categoryPreferences: categories()}),
	})});
	const track = (event, facts, more) => send('track', event, '', facts, more);

	// ---- products ----

	const amount = hundredths => Number.isInteger(hundredths) ? hundredths / 100 : undefined;
	const absolute = address => address && new URL(address, location.origin).href;
	const secure = address => absolute(address)?.replace(/^http:/, 'https:');

	const properties = ({id, title, vendor, type, url, image, variant = {}}) => known({
		product_id: id, shopify_product_id: id, variant_id: variant.id, shopify_variant_id: variant.id, sku: variant.sku,
		name: title, variant: variant.title === 'Default Title' ? '' : variant.title, brand: vendor, category: type || 'all',
		price: amount(variant.price), compare_at_price: amount(variant.compareAt), currency: currency(),
		url: absolute(url)?.split('?')[0], image_url: secure(variant.image || image),
	});

	const products = new Map(); // by handle
	let fetches;

	// It may belong to the previous page.
	const ownLayer = () => decoded(location.pathname).endsWith(decoded(layer().path || '')) ? layer() : {};
	const lists = () => [ownLayer().list, ...[...document.querySelectorAll('script.segrelay-list')].map(read)]
		.filter(list => list?.products);
	const learn = () => [...lists().flatMap(list => list.products), ownLayer().product]
		.forEach(product => product && products.set(product.handle, product));

	const productOf = async handle => {
		if (handle && !products.has(handle) && fetches++ < FETCHES) {
			products.set(handle, attempt(() => fetched(handle)));
		}
		return products.get(handle);
	};
	const fetched = async handle => {
		const product = await exact(fetch(`${root()}products/${encodeURIComponent(handle)}.js`));
		const wanted = here() === handle && product.variants.find(each => each.id === parameters().get('variant'));
		const variant = wanted || product.variants.find(({available}) => available) || product.variants[0];
		return {...product, image: product.featured_image,
			variant: {...variant, compareAt: variant.compare_at_price, image: variant.featured_image?.src}};
	};
	// Ids are strings.
	const exact = async answer => JSON.parse((await (await answer).text()).replace(/("(?:\w+_)?id":\s*)(\d+)/g, '$1"$2"'));

	// ---- a page view ----

	let view;
	const once = key => !view.sent.has(key) && view.sent.add(key);

	const viewPage = () => {
		view = {path: location.pathname, sent: new Set()};
		fetches = 0;
		learn();
		identify();
		send('page', 'Page Viewed', document.title);
		const path = plain(view.path);
		config.paths.forEach(([prefix, event]) => {
			if (path === prefix || prefix.endsWith('/') && path.startsWith(prefix)) {
				event === 'Cart Viewed' ? attempt(viewCart) : track(event);
			}
		});
		if (path === '/search') {
			search(parameters().get('q'));
		}
		// A challenge may come first.
		const {registering, clicked} = recall();
		registering && layer().customer && track('Registration Completed');
		remember({registering: path === '/challenge' && registering, clicked: here() === clicked?.handle && clicked});
		watchLists();
		attempt(() => viewProduct(here()));
	};

	const viewProduct = async handle => {
		const product = handle && once(`product ${handle}`) && await productOf(handle);
		if (product) {
			const {clicked = {}} = recall();
			track('Product Viewed', {...properties(product), ...clicked.handle === handle && clicked.place});
		}
	};

	const search = text => {
		const query = (text || '').trim();
		query && once(`search ${query}`) && track('Products Searched', {query});
	};

	let typing;
	const searchRests = text => {
		clearTimeout(typing);
		typing = later(() => search(text), DWELL * 2);
	};

	const viewCart = async () => {
		const {item_count, token, currency, total_price, items = []} = await readCart().catch(() => ({}));
		track('Cart Viewed', item_count > 0 && {
			cart_id: token, currency, value: amount(total_price),
			...items.length > MOST && {products_truncated: true, products_count: items.length},
			products: items.slice(0, MOST).map((item, index) => ({
				...properties({...item, id: item.product_id, title: item.product_title, type: item.product_type,
					variant: {id: item.variant_id, sku: item.sku, title: item.variant_title, price: item.original_price}}),
				currency, quantity: item.quantity, position: index + 1,
			})),
		});
	};

	let identified;
	const identify = () => {
		const {id, emailMd5, address = {}, ...others} = layer().customer || {};
		const userId = {customer_id: id, email: others.email, md5_email: emailMd5}[config.userId];
		const traits = known({...others, address: known(address)});
		identified = JSON.stringify([userId, traits]);
		if (!id) {
			remember({identified: undefined});
		} else if (recall().identified !== identified) {
			call('identify', ...userId ? [userId] : [], traits, options());
		}
	};

	// ---- lists ----

	const dwelling = new WeakMap();
	const batches = new Map();
	let pause;

	const isListed = link => link.origin === location.origin && !link.closest(NO_LIST) &&
		handleOf(link.pathname) && handleOf(link.pathname) !== here();
	const listed = () => [...document.querySelectorAll(LINKS)].filter(isListed);

	const placeOf = link => {
		const handle = handleOf(link.pathname);
		const list = lists().find(each => each.products.some(product => product.handle === handle));
		const {id, name, offset = 0} = list || {id: view.path, name: ownLayer().template || view.path};
		const handles = list ? list.products.map(product => product.handle) : listed().map(each => handleOf(each.pathname));
		const position = [...new Set(handles)].indexOf(handle) + 1 + offset;
		return {list_id: id, list_name: name, list_position: position, position};
	};

	const look = ({target, intersectionRatio}) => {
		clearTimeout(dwelling.get(target));
		if (intersectionRatio >= 0.8) {
			dwelling.set(target, later(() => meet(target), DWELL));
		}
	};
	const observer = new IntersectionObserver(safely(entries => entries.forEach(look)), {threshold: 0.8});
	const watchLists = () => listed().forEach(link => observer.observe(link));

	const meet = async link => {
		const before = view;
		const handle = handleOf(link.pathname);
		observer.unobserve(link);
		if (!active || !listed().includes(link) || !once(`listed ${handle}`)) {
			return;
		}
		const {list_id, list_name, position} = placeOf(link);
		const product = await productOf(handle);
		if (active && product && before === view) {
			const batch = batches.get(list_id) || {list_id, list_name, currency: currency(), products: []};
			batches.set(list_id, batch);
			batch.products.push({...properties(product), position});
			clearTimeout(pause);
			pause = later(tellLists, batch.products.length < BATCH ? DWELL * 2 : 0);
		}
	};
	const tellLists = () => {
		batches.forEach(batch => {
			batch.products.sort((one, other) => one.position - other.position);
			while (batch.products.length) {
				keep('Product List Viewed', {...batch, products: batch.products.splice(0, BATCH)});
			}
		});
		tellKept();
	};

	// ---- clicks ----

	// The next page sends it, too, with the same id.
	const keep = (event, facts, handle) => remember({kept: Object.fromEntries([...Object.entries(recall().kept || {}),
		[crypto.randomUUID(), {event, facts, handle, timestamp: new Date().toISOString()}]].slice(-BATCH))});
	const taken = new Set();
	const tellKept = () => Object.entries(ready && recall().kept || {}).forEach(safely(tellOne));
	const tellOne = async ([messageId, {event, facts, handle, timestamp}]) => {
		const product = !handle || await productOf(handle);
		if (product && !taken.has(messageId)) {
			taken.add(messageId);
			track(event, {...handle && properties(product), ...facts}, {messageId, timestamp});
			later(() => remember({kept: {...recall().kept, [messageId]: undefined}}), 50);
		}
	};
	const click = link => {
		const handle = handleOf(link.pathname);
		const place = placeOf(link);
		remember({clicked: {handle, place}});
		keep('Product Clicked', place, handle);
		tellKept();
	};

	const SHARE = /[/.](facebook|pinterest|twitter|x|linkedin|instagram|whatsapp)\.com\/(.*\/)?(share|(pin|intent|send)\b)/;
	const IMAGE = /\/cdn\/shop\/|cdn\.shopify\.com\//;
	const aboutThis = async (event, facts) => track(event, {...properties(await productOf(here()) || {}), ...facts});

	const clicked = ({target, button, detail, clientX, clientY}) => {
		// The second of a double click.
		if (!active || button > 1 || detail > 1 || target.matches('input')) {
			return;
		}
		const link = target.closest('a[href]');
		const shared = SHARE.exec(link?.href);
		// It may be below.
		const picture = document.elementsFromPoint(clientX, clientY).find(each =>
			detail && each.matches('img') && each.parentNode.parentNode.contains(target)) ||
			target.closest('a, button')?.querySelector('img');
		// `src` may be a placeholder.
		const image = [picture?.src, picture?.currentSrc].find(address => IMAGE.test(address));
		if (link && isListed(link)) {
			click(link);
		} else if (here() && shared) {
			aboutThis('Product Shared', {share_via: shared[1]});
		} else if (here() && image && !target.closest(NO_LIST) &&
			(!link || link.hash || IMAGE.test(link.href))) {
			aboutThis('Product Image Clicked', {image_url: secure(image)});
		}
	};

	// ---- the cart ----

	// The key after "?" opens the cart.
	const bare = token => token.split('?')[0].split('/').pop();
	const cartOf = async answer => {
		const cart = await exact(answer);
		return {...cart, token: bare(cart.token)};
	};
	// A headless shop writes the attribute itself.
	const readCart = async () => {
		const {token, itemCount = 1} = layer().cart || {};
		return token ? {token: bare(token), item_count: itemCount, headless: true} : cartOf(fetch(`${root()}cart.js`));
	};
	const post = (address, body, more) => fetch(address, {method: 'POST', body: JSON.stringify(body), ...more});
	const writeAttribute = value => cartOf(post(`${root()}cart/update.js`, {attributes: {[config.attribute]: value}},
		{headers: {'Content-Type': 'application/json'}}));

	const anonymousId = () => {
		if (blocked && !storedId()) {
			attempt(() => localStorage.setItem(ID, JSON.stringify(crypto.randomUUID())));
		}
		return cut(ready && attempt(() => window.analytics.user().anonymousId()) || storedId(), 128);
	};
	const storedId = () => (cookie(ID) || attempt(() => localStorage.getItem(ID)) || '').replace(/"/g, '');

	const collect = async facts => (await post(config.collect, known({v: 1, shop: config.shop, ...facts}),
		{keepalive: true, credentials: 'omit'})).ok;

	let added;
	let linking = Promise.resolve();
	const link = () => {
		linking = linking.then(safely(tie));
	};
	const tie = async () => {
		const id = active && anonymousId();
		if (!id || layer().cart?.itemCount === 0 && !added) {
			return;
		}
		const {linked = {}} = recall();
		const {clientId, sessionId} = google();
		const facts = {
			anonymousId: id, consent: choice(), campaign: campaign(), googleClientId: clientId, googleSessionId: sessionId,
		};
		const sent = JSON.stringify(facts);
		const isSent = token => linked.token === token && linked.sent === sent;
		const cart = isSent(bare(cookie('cart'))) ? {} : await readCart();
		if (!active || !(cart.item_count > 0) || isSent(cart.token)) {
			return;
		}
		const written = linked.token === cart.token && linked.id === id || cart.attributes?.[config.attribute] === id;
		const {token} = written || cart.headless ? cart : await writeAttribute(id);
		remember({linked: {token, id}});
		if (active && await collect({...facts, cartToken: cut(token, 255), page: pageFacts(), locale: navigator.language})) {
			remember({linked: {token, id, sent}});
		}
	};

	// ---- start and stop ----

	const start = () => {
		active = true;
		if (view) {
			navigated();
			link();
			return;
		}
		call('addSourceMiddleware', middleware);
		load();
		call('ready', isReady);
		later(whenBlocked, 4000);
		viewPage();
		watch();
	};
	const whenBlocked = () => {
		blocked = !ready;
		link();
	};

	const stop = () => {
		const {linked} = recall();
		active = false;
		batches.clear();
		remember({linked}, {});
		owned && call('reset');
		attempt(() => blocked && localStorage.removeItem(ID));
		linking = linking.then(safely(untie));
	};

	const untie = async () => {
		const cartToken = recall().linked?.token;
		if (active || !cartToken) {
			return;
		}
		await attempt(async () => {
			const cart = await readCart();
			return cart.token === cartToken && !cart.headless && writeAttribute('');
		});
		if (await collect({cartToken, consent: {...choice(), analytics: false}})) {
			remember({linked: undefined});
		}
	};

	const decide = () => {
		if (isAllowed()) {
			(active ? link : start)();
		} else if (privacy() && (active || active === undefined && recall().linked)) {
			stop();
		}
	};

	const changedCart = () => {
		added = true;
		link();
	};
	const navigated = () => idle(() => {
		if (active && view.path !== location.pathname) {
			tellLists();
			viewPage();
			link();
		} else if (active && plain(view.path) === '/search') {
			searchRests(parameters().get('q'));
		}
	});
	const returned = ({persisted}) => {
		if (persisted) {
			const before = view;
			decide();
			active && view === before && viewPage();
			tellKept();
		}
	};

	const watch = () => {
		['pushState', 'replaceState'].forEach(name => {
			const original = history[name];
			history[name] = (...args) => {
				original.apply(history, args);
				navigated();
			};
		});
		listen(window, 'popstate', navigated);
		listen(window, 'pagehide', tellLists);
		new PerformanceObserver(safely(list => list.getEntries().some(({name}) => /\/cart\/add\b/.test(name)) && changedCart()))
			.observe({type: 'resource', buffered: true});
		let planned;
		new MutationObserver(() => {
			planned = planned || idle(() => {
				planned = undefined;
				learn();
				watchLists();
			});
		}).observe(document.documentElement, {childList: true, subtree: true});
	};

	const themeSays = (type, handler) =>
		listen(document, `shopify:${type}`, event => active && handler(event.detail || event));
	themeSays('page:view', navigated);
	themeSays('product:view', ({product}) => viewProduct(product.handle || handleOf(product.url)));
	themeSays('search:update', ({query}) => searchRests(query));
	themeSays('cart:lines-update', ({promise}) => Promise.resolve(promise).then(changedCart));

	listen(document, 'click', clicked);
	listen(document, 'auxclick', clicked);
	listen(document, 'submit', ({target}) =>
		active && target.elements.form_type?.value === 'create_customer' && remember({registering: true}));

	const seek = () => {
		active || decide();
		if (config.consent !== 'off' && !privacy()) {
			shopify().loadFeatures([{name: 'consent-tracking-api', version: '0.1'}], safely(decide));
		}
	};

	const begin = () => document.prerendering ? listen(document, 'prerenderingchange', begin) : idle(() => {
		listen(document, 'visitorConsentCollected', () => {
			chosen = true;
			decide();
		});
		// In another tab.
		listen(document, 'visibilitychange', () => document.hidden || active === isAllowed() || decide());
		listen(window, 'pageshow', returned);
		[0, 500, 2000, 8000].forEach(ms => later(seek, ms));
	});
	begin();
})();

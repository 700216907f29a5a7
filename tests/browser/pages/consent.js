// A stand-in for Shopify's Customer Privacy API: the choice is kept as Shopify keeps it, in a cookie.
(() => {
	const KINDS = ['analytics', 'marketing', 'preferences', 'sale_of_data'];
	const stored = () => JSON.parse(decodeURIComponent((document.cookie.match(/_tracking_consent=([^;]*)/) || [])[1] || '{}'));
	const unasked = kind => !consentNeeded && !(kind === 'sale_of_data' && navigator.globalPrivacyControl);
	const allowed = kind => stored()[kind] ? stored()[kind] === 'yes' : unasked(kind);
	const api = {
		currentVisitorConsent: () => Object.fromEntries(KINDS.map(kind => [kind, stored()[kind] || ''])),
		analyticsProcessingAllowed: () => allowed('analytics'),
		marketingAllowed: () => allowed('marketing'),
		preferencesProcessingAllowed: () => allowed('preferences'),
		saleOfDataAllowed: () => allowed('sale_of_data'),
		setTrackingConsent(choice, done) {
			const words = Object.fromEntries(Object.entries(choice).map(([kind, yes]) => [kind, yes ? 'yes' : 'no']));
			document.cookie = `_tracking_consent=${encodeURIComponent(JSON.stringify({...stored(), ...words}))}; path=/`;
			document.dispatchEvent(new CustomEvent('visitorConsentCollected', {detail: {
				analyticsAllowed: allowed('analytics'), marketingAllowed: allowed('marketing'),
				preferencesAllowed: allowed('preferences'), saleOfDataAllowed: allowed('sale_of_data'),
			}}));
			(done || (() => {}))();
		},
	};
	Shopify.loadFeatures = (features, done) => setTimeout(() => {
		Shopify.customerPrivacy = api;
		(done || (() => {}))();
	}, 10);
})();

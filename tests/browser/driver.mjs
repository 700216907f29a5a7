// Drives Chromium for the tests: commands come as lines of JSON on stdin, answers go as lines of JSON to stdout.
//
//     {"do": "open", "visitor": "a"}   {"do": "goto", "visitor": "a", "url": "…"}   {"do": "click", …}
//
// A visitor is a browser context of its own with one page. Nothing but loopback can be reached. A second kind of command
// renders Liquid as Shopify would: {"do": "render", "template": "…", "values": {…}}.
import {createHash} from 'node:crypto';
import {createInterface} from 'node:readline';
import {chromium} from 'playwright-core';
import {Liquid} from 'liquidjs';

const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const ARGUMENTS = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-quic', '--no-first-run',
	'--disable-background-networking', '--disable-component-update', '--disable-sync',
	'--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'];
const PATIENCE = 50000;  // ms

const visitors = new Map();
let browser;

const record = (visitor, page) => {
	page.on('pageerror', error => visitor.errors.push(String(error)));
	page.on('console', message => message.type() === 'error' && visitor.console.push(message.text()));
	page.setDefaultTimeout(PATIENCE);
};

const commands = {
	async open({visitor: name, scripts = [], ...options}) {
		browser = browser || await chromium.launch({executablePath: CHROMIUM, args: ARGUMENTS});
		const context = await browser.newContext({locale: 'en-US', viewport: {width: 1280, height: 800}, ...options});
		const visitor = {context, requests: [], errors: [], console: []};
		context.on('request', request => visitor.requests.push(
			{method: request.method(), url: request.url(), headers: request.headers(), body: request.postData()}));
		for (const script of scripts) {
			await context.addInitScript(script);
		}
		visitor.page = await context.newPage();
		context.on('page', page => record(visitor, page));
		record(visitor, visitor.page);
		visitors.set(name, visitor);
	},
	goto: ({page}, {url, until = 'load'}) => page.goto(url, {waitUntil: until}).then(() => undefined),
	click: ({page}, {selector, ...options}) => page.click(selector, {noWaitAfter: true, ...options}),
	fill: ({page}, {selector, text}) => page.fill(selector, text),
	scroll: ({page}, {selector}) => page.locator(selector).first().scrollIntoViewIfNeeded(),
	evaluate: ({page}, {script}) => page.evaluate(script),
	frame: ({page}, {name, script}) => page.frame({name}).evaluate(script),
	wait: ({page}, {script}) => page.waitForFunction(script).then(() => undefined),
	// Milliseconds of script on the main thread since this was asked first.
	async script(visitor) {
		if (!visitor.session) {
			visitor.session = await visitor.context.newCDPSession(visitor.page);
			await visitor.session.send('Performance.enable');
		}
		const {metrics} = await visitor.session.send('Performance.getMetrics');
		return metrics.find(({name}) => name === 'ScriptDuration').value * 1000;
	},
	cookies: ({context}) => context.cookies(),
	addCookies: ({context}, {cookies}) => context.addCookies(cookies),
	seen: ({requests, errors, console}) => ({requests, errors, console}),
	close: async ({context}, {visitor}) => {
		visitors.delete(visitor);
		await context.close();
	},
};

// Shopify's filters that its Liquid has beyond the language's own.
const liquid = new Liquid({strictFilters: true});
liquid.registerFilter('json', value => JSON.stringify(value === undefined ? null : value).replace(/</g, '\\u003c'));
liquid.registerFilter('md5', value => createHash('md5').update(value).digest('hex'));
liquid.registerFilter('image_url', (value, [, width]) => {
	if (!value) {
		throw new Error('invalid url input');
	}
	return `${value}?v=1&width=${width}`;
});

const carryOut = async command => {
	if (command.do === 'render') {
		return liquid.parseAndRender(command.template, command.values);
	}
	if (command.do === 'open') {
		return commands.open(command);
	}
	return commands[command.do](visitors.get(command.visitor), command);
};

createInterface({input: process.stdin}).on('line', async line => {
	const command = JSON.parse(line);
	const answer = await carryOut(command).then(result => ({result}), error => ({error: String(error.stack || error)}));
	process.stdout.write(`${JSON.stringify({id: command.id, ...answer})}\n`);
}).on('close', async () => {
	await (browser && browser.close());
	process.exit(0);
});

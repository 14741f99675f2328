package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import io.solaster.http.websocket.WebSockets;
import io.solaster.spring.server.ServerLifecycle;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import redis.clients.jedis.Jedis;

/** The page of the server 'web' in a browser: events, keys, and a chat between two of it. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = {"solaster.servers.kv.port=0",
        "solaster.servers.web.port=0", "solaster.engine.shards=2", "solaster.engine.pinning=never"})
final class WebPageTest {
    private static final List<String> QUIET = List.of("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync");
    private static final double PATIENCE_MILLIS = 60_000;
    private static Playwright playwright;
    private static Browser browser;

    @Autowired
    ServerLifecycle servers;
    @Autowired
    WebSockets sockets;

    @BeforeAll
    static void launch() {
        Optional<Path> chromium = Stream.of("/usr/bin/chromium", "/usr/bin/chromium-browser").map(Path::of)
                .filter(Files::isExecutable).findFirst();
        assumeTrue(chromium.isPresent(), "chromium is not installed (apt-get install chromium)");
        playwright = Playwright.create(new Playwright.CreateOptions()
                .setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        browser = playwright.chromium().launch(
                new LaunchOptions().setExecutablePath(chromium.get()).setArgs(QUIET).setTimeout(PATIENCE_MILLIS));
    }

    @AfterAll
    static void close() {
        if (playwright != null) {
            playwright.close();
        }
    }

    private Page open(ConcurrentLinkedQueue<String> errors) {
        return open(errors, "/");
    }

    private Page open(ConcurrentLinkedQueue<String> errors, String path) {
        Page page = browser.newContext().newPage();
        page.setDefaultTimeout(PATIENCE_MILLIS);
        page.onPageError(errors::add);
        page.onConsoleMessage(message -> {
            if (message.type().equals("error")) {
                errors.add(message.text());
            }
        });
        page.navigate("http://127.0.0.1:" + servers.server("web").orElseThrow().port() + path);
        return page;
    }

    @Test
    void orders_go_through_a_topic_and_the_plug_in_of_the_moment() {
        ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();
        Page page = open(errors, "/topics");
        page.fill("#order input[name=article]", "7 pears");
        page.click("#order button");
        awaitText(page, "#answer", "entry");
        awaitText(page, "#orders", "7 pears");
        page.click("#versions button[value=mask]");
        awaitText(page, "#plugin", "is running");
        page.click("#order button");
        awaitText(page, "#orders", "* pears");
        page.click("#versions button[value=none]");
        awaitText(page, "#plugin", "none");
        assertThat(errors).isEmpty();
    }

    @Test
    void shows_events_keys_and_what_another_page_says() {
        ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();
        Page one = open(errors);
        Page other = open(errors);
        assertThat(one.title()).isEqualTo("Solaster demo");

        one.waitForFunction("() => /^shard [01] of 2: \\d+ connections, \\d+ tasks$/"
                + ".test(document.getElementById('events').textContent)");
        String first = one.textContent("#events");
        one.waitForFunction("before => document.getElementById('events').textContent !== before", first);

        one.fill("#kv input[name=key]", "seen by a browser");
        one.fill("#kv input[name=value]", "gr\u00fc\u00dfe");
        one.click("#kv button[value=PUT]");
        awaitText(one, "#answer", "204");
        try (Jedis jedis = new Jedis("127.0.0.1", servers.server("kv").orElseThrow().port())) {
            assertThat(jedis.get("seen by a browser")).isEqualTo("gr\u00fc\u00dfe");
        }
        one.click("#kv button[value=GET]");
        awaitText(one, "#answer", "200 gr\u00fc\u00dfe (shard ");
        one.click("#kv button[value=DELETE]");
        awaitText(one, "#answer", "204");

        // Who has not been let in yet does not hear.
        one.waitForCondition(() -> sockets.rooms().members("lobby").join() == 2);
        say(one, "hello from one");
        awaitText(other, "#messages", "hello from one");
        say(other, "hello from the other");
        awaitText(one, "#messages", "hello from the other");
        assertThat(texts(one)).containsExactly("hello from one", "hello from the other");
        assertThat(errors).isEmpty();
    }

    private static void say(Page page, String message) {
        page.fill("#chat input[name=message]", message);
        page.click("#chat button");
    }

    private static List<String> texts(Page page) {
        Locator lines = page.locator("#messages li");
        return lines.allTextContents();
    }

    private static void awaitText(Page page, String selector, String text) {
        page.waitForFunction("([selector, text]) => document.querySelector(selector).textContent.includes(text)",
                List.of(selector, text));
    }
}

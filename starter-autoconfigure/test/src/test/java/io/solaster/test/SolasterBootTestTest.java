package io.solaster.test;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.http.route.Router;
import io.solaster.testkit.chaos.Events;
import io.solaster.testkit.chaos.FaultProxy;
import io.solaster.testkit.junit.Leaves;
import io.solaster.testkit.junit.OnShard;
import io.solaster.testkit.left.Left;
import io.solaster.testkit.left.LeftBehindError;
import io.solaster.testkit.left.Remnant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.test.annotation.DirtiesContext;

/** What a test within an application's context is given, and what is told of it afterwards. */
class SolasterBootTestTest {
    private static final List<AutoCloseable> PLANTED = new ArrayList<>();

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {
        @Bean
        Router web() {
            return Router.builder().get("/hello", (request, response) -> response.send("Hello")).build();
        }
    }

    @AfterEach
    void clear() throws Exception {
        for (AutoCloseable each : PLANTED) {
            each.close();
        }
        PLANTED.clear();
    }

    private static String get(InetSocketAddress address) throws IOException {
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream()
                    .write("GET /hello HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".getBytes(US_ASCII));
            InputStream answer = socket.getInputStream();
            return new String(answer.readAllBytes(), US_ASCII);
        }
    }

    @Nested
    @SolasterBootTest(classes = Application.class, args = {"--solaster.servers.web.protocol=http",
            "--solaster.servers.web.port=1"})
    class Given {

        @Test
        void aProxyStandsBeforeAServerOnAFreePort(@Before("web") FaultProxy proxy, FaultProxy ofTheOnlyServer,
                Events events) throws IOException {
            assertThat(get(proxy.address())).startsWith("HTTP/1.1 200").endsWith("Hello");
            assertThat(get(ofTheOnlyServer.address())).endsWith("Hello");
            assertThat(proxy.count(FaultProxy.Effect.CONNECTIONS)).isOne();
            assertThat(events.toString()).contains("forwards to");
        }

        @Test
        void theEngineIsTheContexts(Engine engine, Shard first, @OnShard(1) Shard second,
                @Autowired Engine ofContext, @Autowired Environment environment) {
            assertThat(engine).isSameAs(ofContext);
            assertThat(engine.shards()).containsExactly(first, second);
            assertThat(engine.plan().pinned()).isFalse();
            assertThat(environment.getProperty("solaster.servers.web.port")).isEqualTo("0");
        }
    }

    @SolasterBootTest(classes = Application.class)
    static class Leaving {
        @Test
        void leaves(Engine engine) throws IOException {
            engine.shard(1).fork(() -> LockSupport.park());
            PLANTED.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
        }
    }

    @SolasterBootTest(classes = Application.class)
    @Leaves({Left.FORKS, Left.SOCKETS})
    static class Excused {
        @Test
        void leaves(Engine engine) throws IOException {
            new Leaving().leaves(engine);
        }
    }

    /** The test that dirties its context is not the last one. */
    @SolasterBootTest(classes = Application.class)
    @TestMethodOrder(MethodOrderer.MethodName.class)
    static class LeavingInTheFirstContext {
        @Test
        @DirtiesContext
        void first(Engine engine) throws IOException {
            new Leaving().leaves(engine);
        }

        @Test
        void second(Engine engine) {
            assertThat(engine.isStopping()).isFalse();
        }
    }

    @SolasterBootTest(classes = Application.class)
    static class ExcusedByItsMethod {
        @Test
        @Leaves({Left.FORKS, Left.SOCKETS})
        void leaves(Engine engine) throws IOException {
            new Leaving().leaves(engine);
        }

        @Test
        void leavesNothing() {}
    }

    @SolasterBootTest(classes = Application.class, args = {"--solaster.servers.web.protocol=http",
            "--solaster.servers.web.port=1"})
    static class OneProxyForAll {
        private static FaultProxy proxy;

        @BeforeAll
        static void take(FaultProxy ofAll) {
            proxy = ofAll;
        }

        @Test
        void first() throws IOException {
            assertThat(get(proxy.address())).endsWith("Hello");
        }

        @Test
        void second() throws IOException {
            first();
        }
    }

    private static List<Throwable> failures(Class<?> tests) {
        List<Throwable> failures = new ArrayList<>();
        LauncherFactory.create().execute(
                LauncherDiscoveryRequestBuilder.request().selectors(DiscoverySelectors.selectClass(tests)).build(),
                new TestExecutionListener() {
                    @Override
                    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                        result.getThrowable().ifPresent(failures::add);
                    }
                });
        return failures;
    }

    @Tag("full") // it waits some ten seconds for what might end by itself
    @Test
    void whatAClassLeavesIsToldOfAfterItsContextHasClosed() {
        assertThat(failures(Leaving.class)).singleElement().isInstanceOfSatisfying(LeftBehindError.class, error -> {
            assertThat(error).hasMessageStartingWith("Leaving left behind:").hasMessageContaining("shard 1:");
            assertThat(error.remnants()).extracting(Remnant::kind).containsExactlyInAnyOrder(Left.FORKS, Left.SOCKETS);
            assertThat(error.remnants()).allSatisfy(
                    each -> assertThat(each.toString()).contains("Leaving.leaves(SolasterBootTestTest.java:"));
        });
    }

    @Test
    void whatIsExcusedIsNotToldOf() {
        assertThat(failures(Excused.class)).isEmpty();
        assertThat(failures(ExcusedByItsMethod.class)).isEmpty();
    }

    @Tag("full") // it waits some ten seconds for what might end by itself
    @Test
    void whatAnEarlierContextOfTheClassLeftIsToldOf() {
        assertThat(failures(LeavingInTheFirstContext.class)).singleElement()
                .isInstanceOfSatisfying(LeftBehindError.class, error -> assertThat(error.remnants())
                        .extracting(Remnant::kind).contains(Left.FORKS));
    }

    @Test
    void aProxyOfTheClassLastsAsLongAsTheClass() {
        assertThat(failures(OneProxyForAll.class)).isEmpty();
    }
}

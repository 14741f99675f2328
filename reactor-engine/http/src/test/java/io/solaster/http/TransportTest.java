package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** What runs over every transport: one engine of two shards for all tests, servers and clients for each. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class TransportTest {
    private final Transport transport;
    HttpFixture fixture;

    TransportTest(Transport transport) {
        this.transport = transport;
    }

    final Transport transport() {
        return transport;
    }

    @BeforeAll
    void start() {
        fixture = new HttpFixture(transport, 2);
    }

    @AfterEach
    void closeAll() throws Exception {
        fixture.closeAll();
    }

    @AfterAll
    void stop() throws Exception {
        // There is none where the machine lacks the transport.
        if (fixture != null) {
            fixture.close();
        }
    }
}

package io.solaster.store;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;

/** A client of the shared store over so many shards, which is empty and goes by the true time as each test begins. */
abstract class ClientTest {
    static final String WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value";

    @Parameter
    int shards;

    StoreFixture store;
    RespClient client;

    @BeforeEach
    final void connect() {
        store = StoreFixture.of(shards);
        client = store.connectEmpty();
    }

    @AfterEach
    final void disconnect() {
        store.resetClock();
        client.close();
    }
}

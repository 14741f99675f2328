package io.solaster.store;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Has a store over two shards of its own while the class runs, and may hold its shards for long. */
abstract class OwnStoreTest {
    static StoreFixture fixture;

    @BeforeAll
    static final void start() {
        fixture = StoreFixture.patient(2);
    }

    @AfterAll
    static final void stop() {
        fixture.engine().close();
    }
}

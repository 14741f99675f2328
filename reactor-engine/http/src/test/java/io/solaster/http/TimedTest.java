package io.solaster.http;

import io.solaster.config.server.ServerConfig;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** What happens to those who take too long, by a clock that goes on when it is told to: one engine for all tests. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class TimedTest {
    static final ServerConfig CONFIG = ServerConfig.of("http", 0);
    TimedCase.Clocked clocked;

    @BeforeAll
    void start() {
        clocked = TimedCase.Clocked.start();
    }

    @AfterAll
    void stop() {
        clocked.close();
    }
}

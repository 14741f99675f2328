package io.solaster.rpc;

import io.solaster.engine.Engine;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.Tag;

/** {@link RpcTest} over each transport. */
@Tag("full")
@SolasterTest(shards = 2, transport = SolasterTest.Transport.ALL)
final class RpcOnAllTransportsTest extends RpcTest {

    RpcOnAllTransportsTest(Engine engine) {
        super(engine);
    }
}

package io.solaster.engine.sync;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

import io.solaster.engine.Engines;
import org.junit.jupiter.api.Test;

class SyncExampleTest extends OnShard {

    @Test
    void runs() {
        List<String> sent = new ArrayList<>();
        Engines.get(onShard(() -> SyncExample.run(sent)));
        assertThat(sent).hasSize(100).doesNotHaveDuplicates().startsWith("request 0").contains("request 99");
    }
}

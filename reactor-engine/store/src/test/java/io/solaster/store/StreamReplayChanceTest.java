package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What commands that chance draws have made of streams is there after a restart, with a snapshot taken meanwhile or without. */
class StreamReplayChanceTest {
    private static final int TRIALS = 3;

    @TempDir
    Path directory;
    private int number;

    private static String content(RespClient client, String key) {
        return client.call("XINFO", "STREAM", key, "FULL", "COUNT", "0").replaceAll("(radix-tree-\\w+\\|):\\d+", "$1");
    }

    @Test
    void streamsAreAsTheyWere() {
        Property.check(5, TRIALS, draw -> {
            Path its = directory.resolve("t" + number++);
            its.toFile().mkdirs();
            int size = draw.of(3, 40, 300);
            List<String> before = new ArrayList<>();
            for (int round = 0; round < 4; round++) {
                try (KeptStore store = KeptStore.open(1 + round % 2, its);
                        RespClient client = store.connect();
                        RespClient saver = store.connect()) {
                    if (round > 0) {
                        assertThat(List.of(content(client, "{s}a"), content(client, "{s}b"))).isEqualTo(before);
                    }
                    List<String[]> commands = new ArrayList<>();
                    draw.repeat(600, _ -> {
                        String[] next = draw.from(each -> StreamChanceTest.one(each, size));
                        commands.add(next);
                    });
                    int save = draw.nextInt(600);
                    for (int i = 0; i < commands.size(); i++) {
                        if (i == save) {
                            saver.send("SAVE");
                        }
                        client.call(commands.get(i));
                    }
                    saver.reply();
                    before = List.of(content(client, "{s}a"), content(client, "{s}b"));
                }
            }
        });
    }
}

package io.solaster.benchmarks.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

import io.solaster.benchmarks.rig.Script;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whether the comparison runs through; what it finds is not judged here. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class HttpCompareTest {

    @TempDir
    private Path folder;

    @Test
    @Tag("full")
    void printsEachFigureWithItsGoalAndNoise() throws Exception {
        String out = Script.run(HttpCompare.class, folder, "--quick", "--only", "websocket", "--rounds", "1");
        if (out.startsWith("Skipped: ")) {
            abort(out.strip());
        }
        assertThat(out).contains("(`websocket`)", "| echo, 64 connections", "16 messages at a time", "A/A noise",
                "of Vert.x");
        assertThat(out).as("what each runs on").containsPattern("\\| transport +(\\| epoll +){4}\\|");
    }

    @Test
    @Tag("full")
    void asksForHttp2WhereItsClientIsInstalled() throws Exception {
        String out = Script.run(HttpCompare.class, folder, "--quick", "--only", "http2", "--rounds", "1");
        if (out.contains("Skipped")) {
            abort(out.strip());
        }
        assertThat(out).contains("(`http2`)", "| /plaintext, 64 connections, 32 streams each", "A/A noise",
                "of Vert.x");
    }

    @Test
    void anUnknownMeasureIsRefusedWithTheNamesThereAre() throws Exception {
        assertThat(Script.run(HttpCompare.class, folder, "--only", "speed")).contains("--only speed", "requests",
                "latency", "http.sh [--quick]");
    }
}

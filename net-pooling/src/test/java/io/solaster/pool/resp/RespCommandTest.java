package io.solaster.pool.resp;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a command is about, which decides where it goes. */
final class RespCommandTest {

    @ParameterizedTest
    @CsvSource({"GET k, k", "eval script 1 k a, k", "EVALSHA sha 2 k l, k", "EVAL_RO script 1 k, k",
            "EVALSHA_RO sha 1 k, k", "FCALL f 1 k, k", "FCALL_RO f 1 k, k", "EVAL script 0 a, script",
            "OBJECT ENCODING k, k", "MEMORY USAGE k, k", "XINFO STREAM k, k", "XGROUP CREATE k g 0, k",
            "XREAD COUNT 2 STREAMS k l 0 0, k", "XREADGROUP GROUP streams me streams k >, k",
            "BITOP AND k l m, k", "LMPOP 1 k LEFT, k", "BZMPOP 0 1 k MIN, k", "ZDIFF 2 k l, k"})
    void a_command_goes_by_its_first_key(String command, String key) {
        assertThat(RespCommand.of(command.split(" ")).key()).asString(StandardCharsets.UTF_8).isEqualTo(key);
        byte[][] words = Arrays.stream(command.split(" ")).map(RespCommand::utf8).toArray(byte[][]::new);
        assertThat(RespCommand.of(words).key()).asString(StandardCharsets.UTF_8).isEqualTo(key);
    }

    @Test
    void a_command_without_a_key_goes_anywhere() {
        assertThat(RespCommand.of("PING").key()).isNull();
        assertThat(RespCommand.of("MEMORY", "DOCTOR").key()).isNull();
        assertThat(RespCommand.of("XREAD").key()).isNull();
    }
}

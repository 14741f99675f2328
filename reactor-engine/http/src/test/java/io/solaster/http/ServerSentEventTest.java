package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;
import org.junit.jupiter.api.Test;

class ServerSentEventTest {

    @Test
    void splitsDataIntoLinesAtEveryKindOfLineEnd() {
        assertThat(sent(ServerSentEvent.of("a"))).isEqualTo("data: a\n\n");
        assertThat(sent(ServerSentEvent.of(""))).isEqualTo("data: \n\n");
        assertThat(sent(ServerSentEvent.of("a\nb\r\nc\rd\n")))
                .isEqualTo("data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
        assertThat(sent(ServerSentEvent.of("€".repeat(1_000)))).isEqualTo("data: " + "€".repeat(1_000) + "\n\n");
        assertThat(sent(new ServerSentEvent("7", "price", "{}"))).isEqualTo("id: 7\nevent: price\ndata: {}\n\n");
        assertThat(sent(new ServerSentEvent("", null, "\n\n"))).isEqualTo("id: \ndata: \ndata: \ndata: \n\n");
    }

    @Test
    void refusesWhatWouldMakeAFieldOfItsOwn() {
        assertThatIllegalArgumentException().isThrownBy(() -> new ServerSentEvent("1\ndata: forged", null, ""));
        assertThatIllegalArgumentException().isThrownBy(() -> new ServerSentEvent("1\0", null, ""));
        assertThatIllegalArgumentException().isThrownBy(() -> ServerSentEvent.of("a\rb", ""));
    }

    private static String sent(ServerSentEvent event) {
        ByteBuf encoded = event.encode();
        try {
            return encoded.toString(StandardCharsets.UTF_8);
        } finally {
            encoded.release();
        }
    }
}

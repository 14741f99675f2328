package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

class JacksonCodecTest {
    private final JacksonCodec codec = new JacksonCodec(JsonMapper.builder().build());

    private record Line(String sku, int count) {}

    private record Order(long id, List<Line> lines) {}

    @Test
    void readsFromAnyBufferAndWritesBack() {
        String json = "{\"id\":7,\"lines\":[{\"sku\":\"ü\",\"count\":2}]}";
        Order order = new Order(7, List.of(new Line("ü", 2)));
        assertThat(codec.read(Unpooled.copiedBuffer(json, StandardCharsets.UTF_8), Order.class)).isEqualTo(order);
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        ByteBuf direct = Unpooled.directBuffer().writeBytes(bytes);
        assertThat(codec.read(direct, Order.class)).isEqualTo(order);
        direct.release();
        assertThat(codec.read(Unpooled.wrappedBuffer(bytes, 0, bytes.length), Order.class)).isEqualTo(order);
        ByteBuf out = Unpooled.directBuffer();
        codec.write(order, out);
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(json);
        out.release();
        Type list = new TypeReference<List<Line>>() {}.getType();
        assertThat(codec.read(Unpooled.copiedBuffer("[{\"sku\":\"a\",\"count\":1}]", StandardCharsets.UTF_8), list))
                .isEqualTo(List.of(new Line("a", 1)));
    }

    @Test
    void tellsTheClientWhereItIsWrongAndNotWhatOurClassesAreCalled() {
        refused("{\"id\":7,\n  \"lines\": nonsense}", "JSON: line 2, column ");
        refused("{\"id\":7", "JSON: line 1, column 8");
        refused("{\"id\":7,\"lines\":[{\"sku\":\"a\",\"count\":1},{\"sku\":\"b\",\"count\":\"many\"}]}",
                "'lines[1].count' is not what is expected");
        refused("[1]", "not what is expected here");
        refused("{\"id\":7}{\"id\":8}", "JSON: ");
        refused("\u0000", "JSON: line 1");
    }

    private void refused(String json, String told) {
        assertThatExceptionOfType(HttpException.class).as(json)
                .isThrownBy(() -> codec.read(Unpooled.copiedBuffer(json, StandardCharsets.UTF_8), Order.class))
                .withMessageContaining(told)
                .matches(refusal -> refusal.status().code() == 400)
                .matches(refusal -> !String.valueOf(refusal.getMessage()).contains("solaster"));
    }
}

package io.solaster.http.websocket;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.Utf8FrameValidator;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.solaster.engine.memory.Memory;

/** What a decoder makes of some bytes, as lines. */
final class Transcript {
    private static final Guarded MEMORY = new Guarded(1 << 22);

    private Transcript() {}

    /** Ours, of bytes that arrive cut at these offsets, each piece right before a forbidden page. */
    static List<String> ours(byte[] bytes, int[] cuts, long maxFrame, long maxMessage) {
        FrameDecoder decoder = new FrameDecoder(true, false, maxFrame, maxMessage);
        List<String> lines = new ArrayList<>();
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        byte[] rest = {};
        int from = 0;
        for (int i = 0; i <= cuts.length; i++) {
            int to = i == cuts.length ? bytes.length : cuts[i];
            byte[] received = new byte[rest.length + to - from];
            System.arraycopy(rest, 0, received, 0, rest.length);
            System.arraycopy(bytes, from, received, rest.length, to - from);
            from = to;
            long address = MEMORY.put(received, 0, received.length);
            int at = 0;
            int used;
            while ((used = decoder.decode(address + at, received.length - at)) > 0) {
                byte[] payload = new byte[decoder.payloadLength()];
                Memory.copy(address + at + decoder.payload(), payload, 0, payload.length);
                at += used;
                if (decoder.opcode() >= FrameDecoder.CLOSE) {
                    lines.add(line(decoder.opcode(), payload));
                    continue;
                }
                if (decoder.isFirst() != (message.size() == 0) && message.size() > 0) {
                    lines.add("begun twice");
                }
                message.writeBytes(payload);
                if (decoder.isLast()) {
                    boolean ascii = decoder.opcode() == FrameDecoder.TEXT && decoder.isAscii();
                    for (byte b : message.toByteArray()) {
                        if (ascii && b < 0) {
                            lines.add("taken for ASCII");
                            break;
                        }
                    }
                    lines.add(line(decoder.opcode(), message.toByteArray()));
                    message.reset();
                }
            }
            if (used < 0) {
                lines.add("refused: " + decoder.closeCode());
                return lines;
            }
            rest = new byte[received.length - at];
            System.arraycopy(received, at, rest, 0, rest.length);
            if (rest.length > 139) {
                lines.add(rest.length + " bytes are kept");
            }
        }
        return lines;
    }

    /** Netty's, which looks at text once a frame is whole. */
    static List<String> nettys(byte[] bytes, int maxFrame) {
        Refusals refusals = new Refusals();
        EmbeddedChannel channel = new EmbeddedChannel(
                new WebSocket13FrameDecoder(WebSocketDecoderConfig.newBuilder().expectMaskedFrames(true)
                        .maxFramePayloadLength(maxFrame).closeOnProtocolViolation(false).build()),
                new Utf8FrameValidator(false), refusals);
        List<String> lines = new ArrayList<>();
        channel.writeInbound(Unpooled.copiedBuffer(bytes));
        int opcode = 0;
        ByteBuf message = Unpooled.buffer();
        for (Object each = channel.readInbound(); each != null; each = channel.readInbound()) {
            WebSocketFrame frame = (WebSocketFrame) each;
            byte[] payload = ByteBufUtil.getBytes(frame.content());
            switch (frame) {
                case PingWebSocketFrame ping -> lines.add(line(FrameDecoder.PING, payload));
                case CloseWebSocketFrame close -> lines.add(line(FrameDecoder.CLOSE, payload));
                case TextWebSocketFrame text -> opcode = FrameDecoder.TEXT;
                case BinaryWebSocketFrame binary -> opcode = FrameDecoder.BINARY;
                case ContinuationWebSocketFrame more -> {
                }
                default -> lines.add(line(FrameDecoder.PONG, payload));
            }
            if (frame instanceof TextWebSocketFrame || frame instanceof BinaryWebSocketFrame
                    || frame instanceof ContinuationWebSocketFrame) {
                message.writeBytes(payload);
                if (frame.isFinalFragment()) {
                    lines.add(line(opcode, ByteBufUtil.getBytes(message)));
                    message.clear();
                }
            }
            frame.release();
        }
        channel.finishAndReleaseAll();
        if (refusals.first != null) {
            lines.add("refused: " + refusals.first.closeStatus().code());
        }
        return lines;
    }

    private static final class Refusals extends ChannelInboundHandlerAdapter {
        private CorruptedWebSocketFrameException first;

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            Throwable refusal = cause instanceof DecoderException ? cause.getCause() : cause;
            if (first == null && (refusal == null ? cause : refusal) instanceof CorruptedWebSocketFrameException e) {
                first = e;
            }
        }
    }

    private static String line(int opcode, byte[] payload) {
        String shown = opcode == FrameDecoder.TEXT
                ? new String(payload, StandardCharsets.UTF_8)
                : HexFormat.of().formatHex(payload);
        return opcode + " " + shown;
    }
}

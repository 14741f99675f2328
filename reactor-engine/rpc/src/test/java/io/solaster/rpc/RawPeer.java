package io.solaster.rpc;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.solaster.rpc.frame.Frame;
import io.solaster.rpc.frame.FrameWriter;
import io.solaster.rpc.frame.Hello;

/** A client that sends whatever it likes, byte for byte. */
final class RawPeer implements AutoCloseable {
    final Socket socket;
    private final DataInputStream in;

    /** A frame that has come. */
    record Received(int type, int flags, long id, int first, int second, byte[] body) {

        String words() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }

    RawPeer(int port) throws IOException {
        socket = new Socket();
        // Little, so that a server soon feels that nothing is read.
        socket.setReceiveBufferSize(8 * 1024);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        socket.setSoTimeout(60_000);
        in = new DataInputStream(socket.getInputStream());
    }

    /** Greets and reads the server's HELLO. */
    RawPeer greet() throws IOException {
        ByteBuf out = Unpooled.directBuffer();
        new Hello(0, "", 0, 1, 0, 1 << 20, 100, new Hello.Window(64, 1 << 16, 1 << 14), List.of(), List.of(), List.of())
                .write(out);
        send(bytes(out));
        if (read().type != Frame.HELLO) {
            throw new IOException("no HELLO");
        }
        return this;
    }

    static byte[] frame(int type, int flags, int slot, long id, int first, int second, byte... body) {
        ByteBuf out = Unpooled.directBuffer();
        int at = FrameWriter.begin(out);
        out.writeBytes(body);
        FrameWriter.end(out, at, type, flags, slot, id, first, second);
        return bytes(out);
    }

    static byte[] request(RpcMethod<?, ?> method, long id, byte... body) {
        return frame(Frame.REQUEST, 0, Frame.NO_SLOT, id, method.hash(), 0, body);
    }

    private static byte[] bytes(ByteBuf buffer) {
        byte[] bytes = ByteBufUtil.getBytes(buffer);
        buffer.release();
        return bytes;
    }

    void send(byte[]... frames) throws IOException {
        ByteBuf all = Unpooled.wrappedBuffer(frames);
        socket.getOutputStream().write(ByteBufUtil.getBytes(all));
    }

    Received read() throws IOException {
        byte[] header = new byte[Frame.HEADER];
        in.readFully(header);
        ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        byte[] body = new byte[fields.getInt(0)];
        in.readFully(body);
        return new Received(header[4], header[5], fields.getLong(8), fields.getInt(16), fields.getInt(20), body);
    }

    /** Whether the server has ended the connection; what it still sends is dropped. */
    boolean isEnded() throws IOException {
        try {
            while (true) {
                read();
            }
        } catch (EOFException e) {
            return true;
        } catch (java.net.SocketException reset) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}

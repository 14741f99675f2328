package io.solaster.engine.net.udp;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

import io.solaster.engine.Engines;

/** A plain UDP socket that talks to a server. */
final class Client implements AutoCloseable {
    private final DatagramSocket socket;
    private final InetSocketAddress to;
    private final byte[] room = new byte[1 << 16];

    Client(UdpServer server) throws IOException {
        this(InetAddress.getLoopbackAddress(), new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
    }

    Client(InetAddress from, InetSocketAddress to) throws IOException {
        this.to = to;
        socket = new DatagramSocket(new InetSocketAddress(from, 0));
        socket.setSoTimeout((int) Engines.PATIENCE.toMillis());
    }

    InetSocketAddress address() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.US_ASCII));
    }

    void send(byte[] bytes) throws IOException {
        socket.send(new DatagramPacket(bytes, bytes.length, to));
    }

    /** The next datagram, for which it waits with patience. */
    byte[] receive() throws IOException {
        DatagramPacket packet = new DatagramPacket(room, room.length);
        socket.receive(packet);
        return java.util.Arrays.copyOf(packet.getData(), packet.getLength());
    }

    String text() throws IOException {
        return new String(receive(), StandardCharsets.US_ASCII);
    }

    String ask(String text) throws IOException {
        send(text);
        return text();
    }

    @Override
    public void close() {
        socket.close();
    }
}

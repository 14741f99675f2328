package io.solaster.pool;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** What connects for others: HTTP's CONNECT, SOCKS 4 and 5. It blocks, on virtual threads. */
final class ForwardProxy implements AutoCloseable {
    /** Where it was asked to connect to, and by whom. */
    final List<String> asked = new CopyOnWriteArrayList<>();
    private final ServerSocket listening;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();

    ForwardProxy() throws IOException {
        listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            while (!listening.isClosed()) {
                try {
                    Socket client = listening.accept();
                    sockets.add(client);
                    Thread.ofVirtual().start(() -> serve(client));
                } catch (IOException closed) {
                    return;
                }
            }
        });
    }

    String address() {
        return "127.0.0.1:" + listening.getLocalPort();
    }

    private void serve(Socket client) {
        try (client) {
            DataInputStream in = new DataInputStream(client.getInputStream());
            int first = in.readUnsignedByte();
            Socket target = switch (first) {
                case 4 -> socks4(in, client.getOutputStream());
                case 5 -> socks5(in, client.getOutputStream());
                default -> http(first, in, client.getOutputStream());
            };
            sockets.add(target);
            Thread.ofVirtual().start(() -> pipe(target, client));
            in.transferTo(target.getOutputStream());
            target.close();
        } catch (IOException ended) {
            // Whoever notices it is tested, not this.
        }
    }

    private static void pipe(Socket from, Socket to) {
        try (from; to) {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException ended) {
            // As above.
        }
    }

    private Socket http(int first, InputStream in, OutputStream out) throws IOException {
        StringBuilder head = new StringBuilder().append((char) first);
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) in.read());
        }
        String[] words = head.toString().split(" ");
        asked.add(words[1] + (head.indexOf("roxy-") > 0 && head.toString().contains("uthorization")
                ? " with a password"
                : ""));
        out.write("HTTP/1.1 200 fine\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return connect(words[1].substring(0, words[1].lastIndexOf(':')),
                Integer.parseInt(words[1].substring(words[1].lastIndexOf(':') + 1)));
    }

    private Socket socks4(DataInputStream in, OutputStream out) throws IOException {
        in.readByte();
        int port = in.readUnsignedShort();
        byte[] address = in.readNBytes(4);
        String user = text(in);
        boolean isName = address[0] == 0 && address[1] == 0 && address[2] == 0 && address[3] != 0;
        String host = isName ? text(in) : InetAddress.getByAddress(address).getHostAddress();
        asked.add(host + ":" + port + (user.isEmpty() ? "" : " by " + user));
        out.write(new byte[]{0, 0x5A, 0, 0, 0, 0, 0, 0});
        return connect(host, port);
    }

    private static String text(DataInputStream in) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int each = in.readUnsignedByte(); each != 0; each = in.readUnsignedByte()) {
            text.append((char) each);
        }
        return text.toString();
    }

    private Socket socks5(DataInputStream in, OutputStream out) throws IOException {
        byte[] methods = in.readNBytes(in.readUnsignedByte());
        boolean password = new String(methods, StandardCharsets.ISO_8859_1).indexOf(2) >= 0;
        out.write(new byte[]{5, (byte) (password ? 2 : 0)});
        String user = "";
        if (password) {
            in.readByte();
            user = new String(in.readNBytes(in.readUnsignedByte()), StandardCharsets.US_ASCII);
            in.readNBytes(in.readUnsignedByte());
            out.write(new byte[]{1, 0});
        }
        in.readNBytes(3);
        int kind = in.readUnsignedByte();
        String host = kind == 3
                ? new String(in.readNBytes(in.readUnsignedByte()), StandardCharsets.US_ASCII)
                : InetAddress.getByAddress(in.readNBytes(kind == 1 ? 4 : 16)).getHostAddress();
        int port = in.readUnsignedShort();
        asked.add(host + ":" + port + (user.isEmpty() ? "" : " by " + user));
        out.write(new byte[]{5, 0, 0, 1, 0, 0, 0, 0, 0, 0});
        return connect(host, port);
    }

    private static Socket connect(String host, int port) throws IOException {
        return new Socket(host, port);
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}

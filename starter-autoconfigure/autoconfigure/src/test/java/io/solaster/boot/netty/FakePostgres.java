package io.solaster.boot.netty;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Speaks as much of Postgres's protocol, version 3, as a driver needs to start up and to send a simple query. */
final class FakePostgres implements AutoCloseable {
    private static final int SSL_REQUEST = 80877103;

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

    FakePostgres() throws IOException {
        Thread.ofPlatform().daemon().name("fake-postgres").start(() -> {
            while (true) {
                try {
                    Socket client = listener.accept();
                    Thread.ofPlatform().daemon().name("fake-postgres-client").start(() -> serve(client));
                } catch (IOException closed) {
                    return;
                }
            }
        });
    }

    int port() {
        return listener.getLocalPort();
    }

    private static void serve(Socket client) {
        try (client) {
            DataInputStream in = new DataInputStream(client.getInputStream());
            DataOutputStream out = new DataOutputStream(client.getOutputStream());
            while (startUp(in) == SSL_REQUEST) {
                out.write('N');
            }
            message(out, 'R', new byte[]{0, 0, 0, 0});
            message(out, 'S', text("server_version", "15.0"));
            message(out, 'S', text("client_encoding", "UTF8"));
            message(out, 'Z', new byte[]{'I'});
            while (true) {
                int type = in.read();
                byte[] body = in.readNBytes(type < 0 ? 0 : in.readInt() - 4);
                if (type == 'Q') {
                    answer(out, new String(body, 0, body.length - 1, StandardCharsets.UTF_8));
                } else if (type < 0 || type == 'X') {
                    return;
                }
            }
        } catch (IOException gone) {
            // So is the client.
        }
    }

    private static int startUp(DataInputStream in) throws IOException {
        byte[] rest = in.readNBytes(in.readInt() - 4);
        return (rest[0] & 255) << 24 | (rest[1] & 255) << 16 | (rest[2] & 255) << 8 | rest[3] & 255;
    }

    /** One row of one text: the query. */
    private static void answer(DataOutputStream out, String query) throws IOException {
        if (query.regionMatches(true, 0, "SELECT", 0, 6) || query.regionMatches(true, 0, "SHOW", 0, 4)) {
            ByteArrayOutputStream row = new ByteArrayOutputStream();
            DataOutputStream description = new DataOutputStream(row);
            description.writeShort(1);
            description.write(text("said"));
            description.writeInt(0);
            description.writeShort(0);
            description.writeInt(25);
            description.writeShort(-1);
            description.writeInt(-1);
            description.writeShort(0);
            message(out, 'T', row.toByteArray());
            ByteArrayOutputStream data = new ByteArrayOutputStream();
            byte[] said = query.startsWith("SHOW")
                    ? "READ COMMITTED".getBytes(StandardCharsets.UTF_8)
                    : query.getBytes(StandardCharsets.UTF_8);
            DataOutputStream column = new DataOutputStream(data);
            column.writeShort(1);
            column.writeInt(said.length);
            column.write(said);
            // What the driver asks of types of extensions at the start has no rows.
            if (!query.contains("pg_type")) {
                message(out, 'D', data.toByteArray());
            }
            message(out, 'C', text("SELECT 1"));
        } else {
            message(out, 'C', text("SET"));
        }
        message(out, 'Z', new byte[]{'I'});
    }

    private static void message(DataOutputStream out, char type, byte[] body) throws IOException {
        out.write(type);
        out.writeInt(body.length + 4);
        out.write(body);
        out.flush();
    }

    private static byte[] text(String... texts) {
        return (String.join("\0", texts) + "\0").getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}

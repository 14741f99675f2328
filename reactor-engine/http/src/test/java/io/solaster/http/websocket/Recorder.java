package io.solaster.http.websocket;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;

/** Answers each message with itself, and keeps a record of all that it is told. */
class Recorder implements WebSocketListener {
    final LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
    final List<WebSocket> sockets = new CopyOnWriteArrayList<>();

    @Override
    public void opened(WebSocket socket) throws Exception {
        sockets.add(socket);
        told.add("opened " + socket.path());
    }

    @Override
    public void text(WebSocket socket, String text) throws Exception {
        told.add("text " + shortened(text));
        socket.send(text);
    }

    @Override
    public void binary(WebSocket socket, ByteBuf bytes) throws Exception {
        told.add("binary " + shortened(ByteBufUtil.hexDump(bytes)));
        socket.send(bytes.retain());
    }

    @Override
    public void ping(WebSocket socket, ByteBuf payload) throws Exception {
        told.add("ping " + ByteBufUtil.hexDump(payload));
    }

    @Override
    public void pong(WebSocket socket, ByteBuf payload) throws Exception {
        told.add("pong " + ByteBufUtil.hexDump(payload));
    }

    @Override
    public void writable(WebSocket socket) throws Exception {
        told.add("writable");
    }

    @Override
    public void closed(WebSocket socket, int code, String reason) throws Exception {
        told.add("closed " + code + " " + reason);
    }

    private static String shortened(String text) {
        return text.length() <= 40 ? text : text.length() + " long";
    }

    String next() throws InterruptedException {
        return String.valueOf(told.poll(60, TimeUnit.SECONDS));
    }
}

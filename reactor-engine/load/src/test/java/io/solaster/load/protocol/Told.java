package io.solaster.load.protocol;

import java.util.ArrayList;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/** Hears of answers, and writes them down. */
final class Told implements Answers {
    final List<String> all = new ArrayList<>();
    final ByteBuf out = Unpooled.buffer();

    @Override
    public void ready() {
        all.add("ready");
    }

    @Override
    public void room(int most) {
        all.add("room " + most);
    }

    @Override
    public void answered(@Nullable String error) {
        all.add(error == null ? "good" : error);
    }

    @Override
    public void answered(int number, @Nullable String error) {
        all.add(number + (error == null ? " good" : " " + error));
    }

    @Override
    public void last() {
        all.add("last");
    }

    @Override
    public ByteBuf out() {
        return out;
    }

    /** Reads bytes, which come in two parts, cut behind so many. */
    static List<String> read(Conversation talk, byte[] bytes, int cut) {
        Told told = new Told();
        ByteBuf in = Unpooled.buffer();
        in.writeBytes(bytes, 0, cut);
        talk.read(in, told);
        in.discardReadBytes().writeBytes(bytes, cut, bytes.length - cut);
        talk.read(in, told);
        return told.all;
    }
}

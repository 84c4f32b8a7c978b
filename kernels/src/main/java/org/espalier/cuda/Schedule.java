package org.espalier.cuda;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which pieces of work depend on which. They are told in the order of their calls, each with the
 * memory that it reads and writes; one depends on those before it that write what it reads or
 * writes, and on those that read what it writes.
 */
final class Schedule {
  private static final int NONE = -1;

  /** Ranges of addresses that do not overlap, by their start. */
  private final TreeMap<Long, Range> ranges = new TreeMap<>();

  /** Of each piece, the first entry of the list of those that depend on it. */
  private final int[] first;

  private final int[] waitsFor;
  private int[] entries = new int[1 << 12]; // pairs: a piece, the next entry
  private int used;
  private int count;

  /** Who wrote it last, and who has read it since. */
  private static final class Range {
    private long end;
    private int writer;
    private int[] readers;
    private int reading;

    private Range(long end, int writer, int[] readers, int reading) {
      this.end = end;
      this.writer = writer;
      this.readers = readers;
      this.reading = reading;
    }

    private void read(int piece) {
      if (reading == readers.length) {
        readers = Arrays.copyOf(readers, 2 * reading + 2);
      }
      readers[reading++] = piece;
    }
  }

  /**
   * @param most pieces
   */
  Schedule(int most) {
    first = new int[most];
    waitsFor = new int[most];
  }

  /** Forgets all pieces. */
  void begin() {
    ranges.clear();
    used = 0;
    count = 0;
  }

  /** The next piece; its accesses follow. */
  void piece() {
    first[count] = NONE;
    waitsFor[count++] = 0;
  }

  /** The piece reads this, or also writes it. */
  void access(long start, long end, boolean writes) {
    Map.Entry<Long, Range> known = ranges.floorEntry(start);
    if (known != null && known.getKey() == start && known.getValue().end == end) {
      access(known.getValue(), writes); // a whole buffer again, as nearly always
      return;
    }
    split(start);
    split(end);
    long from = start;
    while (from < end) {
      Map.Entry<Long, Range> next = ranges.ceilingEntry(from);
      Range range;
      if (next == null || next.getKey() > from) {
        long to = next == null ? end : Math.min(end, next.getKey());
        range = new Range(to, NONE, new int[2], 0);
        ranges.put(from, range);
      } else {
        range = next.getValue();
      }
      access(range, writes);
      from = range.end;
    }
  }

  private void access(Range range, boolean writes) {
    int piece = count - 1;
    depend(piece, range.writer);
    if (writes) {
      for (int i = 0; i < range.reading; i++) {
        depend(piece, range.readers[i]);
      }
      range.reading = 0;
      range.writer = piece;
    } else {
      range.read(piece);
    }
  }

  /** Makes a range that goes across {@code at} end there. */
  private void split(long at) {
    Map.Entry<Long, Range> below = ranges.lowerEntry(at);
    if (below != null && below.getValue().end > at) {
      Range range = below.getValue();
      ranges.put(at, new Range(range.end, range.writer, range.readers.clone(), range.reading));
      range.end = at;
    }
  }

  private void depend(int piece, int on) {
    boolean known = on == NONE || on == piece || first[on] != NONE && entries[first[on]] == piece;
    if (known) {
      return; // those that depend on a piece come in order: it would be the last
    }
    if (used + 2 > entries.length) {
      entries = Arrays.copyOf(entries, 2 * entries.length);
    }
    entries[used] = piece;
    entries[used + 1] = first[on];
    first[on] = used;
    used += 2;
    waitsFor[piece]++;
  }

  /** Of each piece, how many others it waits for. */
  int[] waitsFor() {
    return waitsFor;
  }

  /** The first of those that depend on a piece, as a place for {@link #next}; -1: none. */
  int first(int piece) {
    return first[piece];
  }

  int next(int place) {
    return entries[place + 1];
  }

  /** The piece at a place. */
  int at(int place) {
    return entries[place];
  }
}

package org.espalier.search;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.espalier.InputException;
import org.jspecify.annotations.Nullable;

/**
 * How much memory a run may need.
 *
 * @param bytes at most
 * @param of the heap that these are a share of; 0: of none, somebody wants it so, or a device has
 *     it
 * @param device whose memory it is; null: the heap's, or what somebody wants
 */
public record MemoryLimit(long bytes, long of, @Nullable String device) {
  /**
   * What a run can fill of the heap. Left a twentieth, the parallel collector was measured to give
   * up or to crawl; a tenth served.
   */
  private static final double SHARE = 0.9;

  /** What a run can fill of a device: contexts and kernels want some, and blocks leave gaps. */
  private static final double DEVICE_SHARE = 0.95;

  private static final String UNITS = "kmgt";
  private static final Pattern SIZE =
      Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)([" + UNITS + "])(?:i?b)?");

  /** Of the heap, or none. */
  MemoryLimit(long bytes, long of) {
    this(bytes, of, null);
  }

  /** What a device has room for. */
  static MemoryLimit ofDevice(String device, long free) {
    return new MemoryLimit((long) (DEVICE_SHARE * free), 0, device);
  }

  /** The limit of a run on that device: its memory, unless somebody wants another. */
  MemoryLimit on(String name) {
    return isHeap() ? Devices.memoryLimit(name) : this;
  }

  /** What this JVM's heap has room for. */
  public static MemoryLimit ofHeap() {
    long heap = Runtime.getRuntime().maxMemory();
    return new MemoryLimit((long) (SHARE * heap), heap);
  }

  /** A limit that somebody wants. */
  static MemoryLimit of(long bytes) {
    return new MemoryLimit(bytes, 0);
  }

  boolean isHeap() {
    return of > 0;
  }

  /**
   * From a size such as {@code 6g}, {@code 1.5g} or {@code 800m}; units are powers of 1024.
   *
   * @throws InputException if it is none
   */
  public static MemoryLimit parse(String size) {
    Matcher parts = SIZE.matcher(size.strip().toLowerCase(Locale.ROOT));
    double value = parts.matches() ? Double.parseDouble(parts.group(1)) : 0;
    if (value <= 0) {
      throw new InputException(
          "memory limit '" + size + "' is no size; one such as 6g or 800m is wanted");
    }
    double unit = Math.pow(1024, 1 + UNITS.indexOf(parts.group(2)));
    return of((long) (value * unit));
  }

  /** A number of bytes as it is read, such as {@code 812.4 MiB} or {@code 5.02 GiB}. */
  public static String format(long bytes) {
    return bytes < 0x1p30
        ? String.format(Locale.ROOT, "%.1f MiB", bytes / 0x1p20)
        : String.format(Locale.ROOT, "%.2f GiB", bytes / 0x1p30);
  }

  @Override
  public String toString() {
    if (device != null) {
      return format(bytes) + " that " + device + " has free";
    }
    return isHeap()
        ? format(bytes) + " that this JVM's heap of " + format(of) + " has room for"
        : format(bytes) + " that --memory-limit allows";
  }
}

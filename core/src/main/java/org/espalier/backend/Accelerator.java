package org.espalier.backend;

import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A device beyond the CPU. Modules that have one name it in {@code
 * META-INF/services/org.espalier.backend.Accelerator}; it is asked only where it might be used, and
 * must then answer quickly on machines that have nothing of the kind.
 */
public interface Accelerator {
  /** The name users select it by. */
  String name();

  /** Why it cannot be used here, in one line; null where it can. */
  @Nullable String whyNot();

  /** What it is, where it can be used. */
  String detail();

  /** Bytes of its memory that are free, where it can be used. */
  long freeMemory();

  /**
   * Bytes of its memory that it takes for itself, beside what it is asked for: as soon as it is
   * opened, and by the time that it has computed these convolutions and their gradients. The latter
   * is an estimate, and not too low.
   *
   * @param options some of {@link #options}, with which it is opened
   * @param fans convolutions that are computed together
   * @param buffers how many it is asked for: they begin where it suits it
   */
  long workspace(List<String> options, Collection<List<Conv>> fans, long buffers);

  /** What it looked for on this machine. */
  List<Finding> findings();

  /** What users may add to its name, to say how it is to compute. */
  List<String> options();

  /**
   * Opens it.
   *
   * @param options some of {@link #options}
   * @throws DeviceException if it cannot be used after all
   * @throws org.espalier.InputException if it has nothing to do so
   */
  Backend open(List<String> options);

  /**
   * Something that an accelerator makes use of.
   *
   * @param what its name
   * @param found where and in which version; null where it was not found
   * @param cost what its absence costs, or what else there is to say; may be empty
   */
  record Finding(String what, @Nullable String found, String cost) {}
}

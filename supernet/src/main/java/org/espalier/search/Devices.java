package org.espalier.search;

import java.util.List;
import java.util.stream.Collectors;
import org.espalier.InputException;
import org.espalier.backend.Backend;
import org.espalier.backend.cpu.CpuBackends;
import org.espalier.backend.cpu.EjmlBackend;

/** The devices that a run can compute on. */
public final class Devices {
  private static final System.Logger LOG = System.getLogger(Devices.class.getName());

  private Devices() {}

  /**
   * A device.
   *
   * @param detail what it uses, or why it is not available
   */
  public record Device(String name, boolean available, String detail) {}

  /** Every device, available or not, the fastest first. */
  public static List<Device> all() {
    String noSimd = CpuBackends.whyNot();
    return List.of(
        new Device("cuda", false, "no CUDA back end in this build"),
        new Device("simd", noSimd == null, noSimd == null ? "Vector API, several threads" : noSimd),
        new Device("ejml", true, "portable, one thread"));
  }

  /**
   * Opens a device.
   *
   * @param name one of {@link #all}, or auto for the fastest that is available
   * @param threads of a CPU device; 0: all cores
   * @throws InputException if there is none of that name, or it is not available
   */
  public static Backend open(String name, int threads) {
    int cores = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    if (name.equals("auto")) {
      String noSimd = CpuBackends.whyNot();
      if (noSimd == null) {
        return CpuBackends.simd(cores);
      }
      LOG.log(System.Logger.Level.WARNING, "the portable back end serves, slowly: " + noSimd);
      return new EjmlBackend();
    }
    Device device =
        all().stream()
            .filter(each -> each.name().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    new InputException(
                        "unknown device '"
                            + name
                            + "'; known: auto, "
                            + all().stream().map(Device::name).collect(Collectors.joining(", "))));
    if (!device.available()) {
      throw new InputException("device " + name + " is not available: " + device.detail());
    }
    return name.equals("simd") ? CpuBackends.simd(cores) : new EjmlBackend();
  }
}

import koffi from "koffi";

const uv = koffi.load(null);
const defaultLoop = uv.func("void *uv_default_loop()");
const handleSize = uv.func("size_t uv_handle_size(int type)");
const pollInit = uv.func("int uv_poll_init(void *loop, void *handle, int fd)");
const pollCallback = koffi.proto("void UvPollCallback(void *handle, int status, int events)");
const pollStart = uv.func("uv_poll_start", "int", ["void *", "int", koffi.pointer(pollCallback)]);
const pollStop = uv.func("int uv_poll_stop(void *handle)");

const UV_POLL = 8;
const UV_READABLE = 1;

/** Stops the watch. Must be called before the descriptor is closed. */
export type StopWatching = () => void;

/**
 * Calls `onReadable` whenever `fd` can be read, through Node's own event loop (libuv's uv_poll): packet and netlink
 * sockets have no wrapper in Node. The handle's memory is kept for the life of the process; there are a handful.
 */
export function watchReadable(fd: number, onReadable: () => void): StopWatching {
  const handle = koffi.alloc("uint8_t", Number(handleSize(UV_POLL)));
  const status = pollInit(defaultLoop(), handle, fd) as number;
  if (status < 0) throw new Error(`uv_poll_init: ${status}`);
  const callback = koffi.register(() => onReadable(), koffi.pointer(pollCallback));
  pollStart(handle, UV_READABLE, callback);
  return () => {
    pollStop(handle);
  };
}

// A length of time as people read it: `1:07`, `1:02:09`.

export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  const rest = `${minutes % 60}:${two(whole % 60)}`;
  return minutes < 60 ? rest : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

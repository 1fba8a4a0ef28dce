// The :shortcodes: that programs and people use here. One that is not listed stays as it is typed.

// prettier-ignore
export const EMOJI = {
  "+1": "👍", "-1": "👎", thumbsup: "👍", thumbsdown: "👎", eyes: "👀", ghost: "👻", fire: "🔥", tada: "🎉",
  rocket: "🚀", warning: "⚠️", rotating_light: "🚨", white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌",
  no_entry: "⛔", no_entry_sign: "🚫", octagonal_sign: "🛑", stop_sign: "🛑", skull: "💀", skull_and_crossbones: "☠️",
  coffin: "⚰️", red_circle: "🔴", large_red_circle: "🔴", large_green_circle: "🟢", green_circle: "🟢",
  large_yellow_circle: "🟡", yellow_circle: "🟡", large_orange_circle: "🟠", large_blue_circle: "🔵",
  large_purple_circle: "🟣", white_circle: "⚪", black_circle: "⚫", large_green_square: "🟩", large_red_square: "🟥",
  large_yellow_square: "🟨", large_orange_square: "🟧", white_large_square: "⬜", black_large_square: "⬛",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", stopwatch: "⏱️", alarm_clock: "⏰", clock1: "🕐", zzz: "💤", bell: "🔔",
  no_bell: "🔕", mute: "🔇", speech_balloon: "💬", mag: "🔍", wrench: "🔧", hammer: "🔨", hammer_and_wrench: "🛠️", gear: "⚙️",
  package: "📦", memo: "📝", page_facing_up: "📄", scroll: "📜", clipboard: "📋", bar_chart: "📊", link: "🔗",
  chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉", calendar: "📅", date: "📅", house: "🏠", key: "🔑",
  lock: "🔒", unlock: "🔓", heart: "❤️", green_heart: "💚", broken_heart: "💔", heartbeat: "💓", sparkles: "✨", star: "⭐",
  zap: "⚡", bulb: "💡", boom: "💥", construction: "🚧", recycle: "♻️", repeat: "🔁", arrows_counterclockwise: "🔄",
  arrow_forward: "▶️", arrow_up: "⬆️", arrow_down: "⬇️", arrow_right: "➡️", arrow_left: "⬅️", pause_button: "⏸️",
  double_vertical_bar: "⏸️", black_square_for_stop: "⏹️", question: "❓", grey_question: "❔", exclamation: "❗",
  information_source: "ℹ️", wave: "👋", pray: "🙏", raised_hands: "🙌", clap: "👏", muscle: "💪", ok_hand: "👌",
  point_right: "👉", thinking_face: "🤔", sob: "😭", smile: "😄", slightly_smiling_face: "🙂", sweat_smile: "😅",
  robot_face: "🤖", bug: "🐛", snail: "🐌", ambulance: "🚑", adhesive_bandage: "🩹", pill: "💊", stethoscope: "🩺",
  thermometer: "🌡️", inbox_tray: "📥", outbox_tray: "📤", floppy_disk: "💾", computer: "💻", desktop_computer: "🖥️",
  satellite: "📡", globe_with_meridians: "🌐", electric_plug: "🔌", battery: "🔋", wastebasket: "🗑️", put_litter_in_its_place: "🚮",
};

package linearsim

import "strings"

// emojiTable knows the emoji that reactionCreate accepts. A line is the
// character, Linear's name for it and further names.
const emojiTable = `
👍 thumbsup +1 thumbs_up
👎 thumbsdown -1 thumbs_down
❤ heart red_heart
😂 joy
😄 smile
😊 blush
🙂 slightly_smiling_face
😃 smiley
😀 grinning
😆 laughing satisfied
🤣 rofl
😉 wink
😍 heart_eyes
🥰 smiling_face_with_three_hearts
😎 sunglasses
🤔 thinking_face thinking
😢 cry
😭 sob
😠 angry
😡 rage
😮 open_mouth
😱 scream
😟 worried
😕 confused
🙁 slightly_frowning_face
😐 neutral_face
😴 sleeping
🤢 nauseated_face
🤯 exploding_head
😌 relieved
😬 grimacing
🙄 face_with_rolling_eyes rolling_eyes
🤗 hugging_face hugs
🤪 zany_face
🥳 partying_face
🫡 saluting_face
🤷 shrug
🤦 face_palm facepalm
👏 clap
👋 wave
🙏 pray
💪 muscle
👌 ok_hand
✌ v
🤝 handshake
👆 point_up_2
☝ point_up
👇 point_down
👈 point_left
👉 point_right
🙌 raised_hands
✋ hand raised_hand
👀 eyes
🧠 brain
🤖 robot_face robot
💯 100
🔥 fire
⭐ star
✨ sparkles
⚡ zap
💥 boom collision
🎉 tada
🎊 confetti_ball
🎈 balloon
🎁 gift
🏆 trophy
🥇 first_place_medal 1st_place_medal
🚀 rocket
💡 bulb
⚙ gear
🔧 wrench
🔨 hammer
🐛 bug
🔗 link
🔒 lock
🔓 unlock
🔑 key
📌 pushpin
📝 memo pencil
📋 clipboard
📅 date
📆 calendar
🕐 clock1
⏳ hourglass_flowing_sand
⌛ hourglass
⏱ stopwatch
🔔 bell
📢 loudspeaker
📣 mega
💬 speech_balloon
📧 e-mail email
📥 inbox_tray
📤 outbox_tray
📦 package
📁 file_folder
📄 page_facing_up
📈 chart_with_upwards_trend
📉 chart_with_downwards_trend
☕ coffee
🍕 pizza
🍺 beer
⬆ arrow_up
⬇ arrow_down
⬅ arrow_left
➡ arrow_right
🔄 arrows_counterclockwise
☀ sunny
☁ cloud
🌧 rain_cloud
❄ snowflake
🌈 rainbow
✅ white_check_mark
✔ heavy_check_mark
☑ ballot_box_with_check
❌ x
✖ heavy_multiplication_x
❓ question
❗ exclamation heavy_exclamation_mark
⚠ warning
🛑 octagonal_sign stop_sign
🚫 no_entry_sign
⛔ no_entry
ℹ information_source
🟢 large_green_circle green_circle
🟡 large_yellow_circle yellow_circle
🟠 large_orange_circle orange_circle
🔴 red_circle
🔵 large_blue_circle blue_circle
⚪ white_circle
⚫ black_circle
💚 green_heart
💙 blue_heart
💜 purple_heart
🖤 black_heart
💔 broken_heart
🤞 crossed_fingers
👻 ghost
💀 skull
🦄 unicorn_face unicorn
🐙 octopus
🌟 star2
💤 zzz
➕ heavy_plus_sign
➖ heavy_minus_sign
🏁 checkered_flag
🚧 construction
🧪 test_tube
`

// emoji maps every spelling to the normalised name.
type emoji struct {
	byChar map[string]string
	byName map[string]string
}

func newEmoji() *emoji {
	e := &emoji{byChar: map[string]string{}, byName: map[string]string{}}
	for line := range strings.Lines(emojiTable) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		e.byChar[words[0]] = words[1]
		for _, alias := range words[1:] {
			e.byName[alias] = words[1]
		}
	}
	return e
}

// name normalises a character or a name, with or without colons.
func (e *emoji) name(s string) (string, bool) {
	if n, ok := e.byChar[strings.ReplaceAll(s, "\ufe0f", "")]; ok {
		return n, true
	}
	n, ok := e.byName[strings.Trim(s, ":")]
	return n, ok
}

// spelling is the name for a character or the name itself, and the alias for
// an alias: Linear refuses an alias of an emoji that is there already.
func (e *emoji) spelling(s string) string {
	if n, ok := e.byChar[strings.ReplaceAll(s, "\ufe0f", "")]; ok {
		return n
	}
	return strings.Trim(s, ":")
}
